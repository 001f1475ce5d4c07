/** Host sets that share no node with the rest, over nodes renumbered from 0. */
export interface Component {
  readonly nodes: number;
  readonly sets: readonly (readonly number[])[];
}

/**
 * Splits host sets into connected components: given how many of a component's nodes fail, the components survive
 * independently of each other. Nodes keep their order; a node in no set belongs to no component.
 */
export function connectedComponents(sets: readonly (readonly number[])[], nodes: number): Component[] {
  const parent = Int32Array.from({ length: nodes }, (_, node) => node);
  const root = (node: number): number => {
    let at = node;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  for (const set of sets) for (const node of set) parent[root(node)] = root(set[0]!);

  const groups = new Map<number, (readonly number[])[]>();
  for (const set of sets) {
    const key = root(set[0]!);
    const group = groups.get(key);
    if (group) group.push(set);
    else groups.set(key, [set]);
  }
  return [...groups.values()].map(renumbered);
}

function renumbered(sets: readonly (readonly number[])[]): Component {
  const used = [...new Set(sets.flat())].sort((a, b) => a - b);
  const index = new Map(used.map((node, i) => [node, i]));
  return { nodes: used.length, sets: sets.map((set) => set.map((node) => index.get(node)!)) };
}
