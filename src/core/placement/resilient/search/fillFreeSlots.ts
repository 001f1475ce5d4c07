/** Uses slots that neither survival nor balance needed: the hotter an expert, the more of its tokens one host more keeps local. */

/**
 * Gives the free slots of each node to the experts with most tokens that it does not host yet.
 * @param hosts nodes of each expert, ascending, shape [experts][hosts]
 * @param slots of each node, shape [nodes]
 * @returns host sets of the same shape, each at least as large
 */
export function fillFreeSlots(
  hosts: readonly (readonly number[])[],
  loads: readonly number[],
  slots: readonly number[],
): number[][] {
  const filled = hosts.map((set) => [...set]);
  const hosted: number[][] = slots.map(() => []);
  filled.forEach((set, expert) => {
    for (const node of set) hosted[node]!.push(expert);
  });
  const byLoad = Array.from(loads.keys()).sort((a, b) => loads[b]! - loads[a]! || a - b);
  hosted.forEach((experts, node) => {
    const free = slots[node]! - experts.length;
    if (free === 0) return;
    const present = new Set(experts);
    for (const expert of byLoad.filter((e) => !present.has(e)).slice(0, free)) filled[expert]!.push(node);
  });
  return filled.map((set) => set.sort((a, b) => a - b));
}
