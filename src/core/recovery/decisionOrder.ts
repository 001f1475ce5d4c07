/**
 * An order in which to decide nodes such that few host sets are open (partly decided) at a time. Greedy: the next node is the
 * one that leaves the fewest sets open; of equals the one in most open sets, then the first.
 *
 * @param sets host sets over nodes 0..nodes-1
 * @returns place of each node in the order, shape [nodes]
 */
export function decisionOrder(sets: readonly (readonly number[])[], nodes: number): Int32Array {
  const setsOf: number[][] = Array.from({ length: nodes }, () => []);
  sets.forEach((set, s) => {
    for (const node of set) setsOf[node]!.push(s);
  });
  const undecided = sets.map((set) => set.length);
  // Change in the number of open sets when the node is decided next, and the open sets it is in, shape [nodes].
  const growth = Int32Array.from(setsOf, (own) => own.filter((s) => sets[s]!.length > 1).length);
  const openSets = new Int32Array(nodes);
  const place = new Int32Array(nodes).fill(-1);
  for (let step = 0; step < nodes; step++) {
    let next = -1;
    for (let node = 0; node < nodes; node++) {
      if (place[node]! >= 0) continue;
      const better =
        next < 0 || growth[node]! < growth[next]! || (growth[node] === growth[next] && openSets[node]! > openSets[next]!);
      if (better) next = node;
    }
    place[next] = step;
    for (const s of setsOf[next]!) {
      const set = sets[s]!;
      const opens = undecided[s] === set.length;
      undecided[s]!--;
      const closesNext = undecided[s] === 1;
      for (const node of set) {
        if (opens) {
          openSets[node]!++;
          growth[node]!--;
        }
        if (closesNext) growth[node]!--;
      }
    }
  }
  return place;
}
