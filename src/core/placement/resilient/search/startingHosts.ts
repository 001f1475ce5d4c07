/** Host sets to start a search from. */

/**
 * Host sets as even and as different as they come: every host goes to the node with the most free slots, which leaves room
 * for the minimum of all positions whenever there is any (Havel and Hakimi's rule).
 * @param positions host sets to make
 * @param slots of each node, shape [nodes]; they hold the minimum of all positions
 * @returns nodes, those of later positions at least as many, shape [positions][hosts]
 */
export function spreadHosts(positions: number, slots: readonly number[], minHosts: number): number[][] {
  const hosts: number[][] = Array.from({ length: positions }, () => []);
  const free = [...slots];
  for (const set of hosts) for (let host = 0; host < minHosts; host++) addRoomiestNode(set, free);
  return useFreeSlots(hosts, slots);
}

/**
 * Host sets in disjoint groups of nodes: what survives most failures when positions are all alike. Slots left stay free.
 * @param groups at least 1
 * @returns as `spreadHosts`; undefined when groups would be smaller than the minimum or not hold their positions
 */
export function groupedHosts(
  positions: number,
  slots: readonly number[],
  minHosts: number,
  groups: number,
): number[][] | undefined {
  if (Math.floor(slots.length / groups) < minHosts || Math.ceil(positions / groups) > Math.min(...slots)) return undefined;
  const members: number[][] = Array.from({ length: groups }, () => []);
  slots.forEach((_, node) => {
    members[node % groups]!.push(node);
  });
  return Array.from({ length: positions }, (_, position) => [...members[position % groups]!]);
}

/** Hands out the slots that host sets leave free in turns, last position first. */
export function useFreeSlots(hosts: number[][], slots: readonly number[]): number[][] {
  const free = [...slots];
  for (const node of hosts.flat()) free[node]!--;
  for (let added = true; added; ) {
    added = false;
    for (const set of hosts.toReversed()) if (addRoomiestNode(set, free)) added = true;
  }
  return hosts;
}

/** Adds the node with the most free slots that is not a host yet; false when there is none. */
function addRoomiestNode(set: number[], free: number[]): boolean {
  let roomiest = -1;
  for (let node = 0; node < free.length; node++) {
    if (free[node]! > (free[roomiest] ?? 0) && !set.includes(node)) roomiest = node;
  }
  if (roomiest < 0) return false;
  set.push(roomiest);
  free[roomiest]!--;
  return true;
}
