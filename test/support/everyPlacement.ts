/** All placements of a small layer, as host sets in bit masks: what bounds and searches are checked against. */

/**
 * Calls `visit` with the host set of each expert (bit n: node n) for every placement up to the order of experts.
 * @param slots slots of each node; some may stay free
 */
export function everyPlacement(experts: number, slots: readonly number[], visit: (sets: readonly number[]) => void): void {
  const free = [...slots];
  const sets: number[] = [];
  const place = (first: number): void => {
    if (sets.length === experts) {
      visit(sets);
      return;
    }
    for (let set = first; set < 2 ** slots.length; set++) {
      const nodes = nodesIn(set, slots.length);
      if (!nodes.every((node) => (free[node] as number) > 0)) continue;
      for (const node of nodes) (free[node] as number)--;
      sets.push(set);
      place(set);
      sets.pop();
      for (const node of nodes) (free[node] as number)++;
    }
  };
  place(1);
}

/** Recovery probability for k = 1..nodes failed nodes by trying every failed set, shape [nodes]. */
export function recoveryByTrial(sets: readonly number[], nodes: number): number[] {
  const tried = new Array<number>(nodes + 1).fill(0);
  const survived = new Array<number>(nodes + 1).fill(0);
  for (let failed = 0; failed < 2 ** nodes; failed++) {
    const size = sizeOf(failed);
    (tried[size] as number)++;
    if (sets.every((set) => (set & ~failed) !== 0)) (survived[size] as number)++;
  }
  return tried.slice(1).map((count, i) => (survived[i + 1] as number) / count);
}

/** Nodes of a bit mask, ascending. */
export function nodesIn(set: number, nodes: number): number[] {
  return Array.from({ length: nodes }, (_, node) => node).filter((node) => (set >> node) & 1);
}

/** Number of nodes in a bit mask. */
export function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size++;
  return size;
}
