/**
 * The distinct inclusion-minimal host sets: a failed set kills the job exactly when it contains one of them.
 *
 * @param hostSets host nodes of every expert of every layer, each ascending and without repeats, nodes in [0, nodes)
 * @returns the minimal sets, smallest first, then in lexicographic order; `[[]]` when some expert has no host
 * @throws RangeError when a set is not strictly ascending or names a node that does not exist
 */
export function minimalHostSets(hostSets: readonly (readonly number[])[], nodes: number): (readonly number[])[] {
  const distinct = distinctHostSets(hostSets, nodes);
  const frequency = new Int32Array(nodes);
  for (const set of distinct) for (const node of set) frequency[node]!++;

  const minimal: (readonly number[])[] = [];
  // A minimal set is filed under its rarest node only: any set that contains it contains that node.
  const byRarestNode: (readonly number[])[][] = Array.from({ length: nodes }, () => []);
  const member = new Uint8Array(nodes);
  for (const set of distinct) {
    if (set.length === 0) return [[]];
    for (const node of set) member[node] = 1;
    const dominated = set.some((node) => byRarestNode[node]!.some((smaller) => smaller.every((host) => member[host] === 1)));
    for (const node of set) member[node] = 0;
    if (dominated) continue;
    minimal.push(set);
    byRarestNode[set.reduce((rarest, node) => (frequency[node]! < frequency[rarest]! ? node : rarest))]!.push(set);
  }
  return minimal;
}

function distinctHostSets(hostSets: readonly (readonly number[])[], nodes: number): (readonly number[])[] {
  if (!Number.isSafeInteger(nodes) || nodes < 1) throw new RangeError(`nodes must be a positive whole number, got ${nodes}`);
  const distinct: (readonly number[])[] = [];
  const byHash = new Map<number, (readonly number[])[]>();
  for (const set of hostSets) {
    let previous = -1;
    let hash = set.length;
    for (const node of set) {
      if (!Number.isInteger(node) || node <= previous || node >= nodes) {
        throw new RangeError(`a host set must list nodes 0..${nodes - 1} in ascending order, got [${set.join(", ")}]`);
      }
      previous = node;
      // FNV-1a with the high bits mixed in.
      hash = Math.imul(hash ^ node, 0x01000193);
      hash ^= hash >>> 15;
    }
    const alike = byHash.get(hash);
    if (alike?.some((other) => sameNodes(other, set))) continue;
    if (alike) alike.push(set);
    else byHash.set(hash, [set]);
    distinct.push(set);
  }
  return distinct.sort(bySizeThenNodes);
}

function sameNodes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((node, i) => node === b[i]);
}

function bySizeThenNodes(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return a.length - b.length;
  const i = a.findIndex((node, position) => node !== b[position]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}
