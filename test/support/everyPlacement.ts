/** All placements of a small layer, as host sets in bit masks: what bounds and searches are checked against. */

/**
 * Calls `visit` with the host set of each expert (bit n: node n) for every placement up to the order of equal experts.
 * Copies may share a node, so an expert has as many hosts as replicas, or fewer.
 * @param replicas copies of each expert, ascending; undefined for any number
 * @param slots slots of each node
 */
export function everyPlacement(
  experts: number,
  replicas: readonly number[] | undefined,
  slots: readonly number[],
  visit: (sets: readonly number[]) => void,
): void {
  const free = [...slots];
  const sets: number[] = [];
  const place = (expert: number): void => {
    if (expert === experts) {
      visit(sets);
      return;
    }
    const equalToLast = expert > 0 && (replicas === undefined || replicas[expert] === replicas[expert - 1]);
    for (let set = equalToLast ? (sets[expert - 1] as number) : 1; set < 1 << slots.length; set++) {
      const nodes = nodesIn(set, slots.length);
      if (replicas !== undefined && nodes.length > (replicas[expert] as number)) continue;
      if (!nodes.every((node) => (free[node] as number) > 0)) continue;
      for (const node of nodes) (free[node] as number)--;
      sets.push(set);
      place(expert + 1);
      sets.pop();
      for (const node of nodes) (free[node] as number)++;
    }
  };
  place(0);
}

/** Recovery probability for k = 1..nodes failed nodes by trying every failed set, shape [nodes]. */
export function recoveryByTrial(sets: readonly number[], nodes: number): number[] {
  const tried = new Array<number>(nodes + 1).fill(0);
  const survived = new Array<number>(nodes + 1).fill(0);
  for (let failed = 0; failed < 1 << nodes; failed++) {
    const size = nodesIn(failed, nodes).length;
    (tried[size] as number)++;
    if (sets.every((set) => (set & ~failed) !== 0)) (survived[size] as number)++;
  }
  return tried.slice(1).map((count, i) => (survived[i + 1] as number) / count);
}

/** Nodes of a bit mask, ascending. */
export function nodesIn(set: number, nodes: number): number[] {
  return Array.from({ length: nodes }, (_, node) => node).filter((node) => (set >> node) & 1);
}
