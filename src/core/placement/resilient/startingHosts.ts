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
  useFreeSlots(hosts, free);
  return hosts;
}

/**
 * Host sets in disjoint groups, as few as hold all positions: what survives most failures when positions are all alike.
 * @returns as `spreadHosts`; undefined when such groups would be smaller than the minimum
 */
export function groupedHosts(positions: number, slots: readonly number[], minHosts: number): number[][] | undefined {
  const groups = Math.ceil(positions / Math.min(...slots));
  if (Math.floor(slots.length / groups) < minHosts) return undefined;
  const members: number[][] = Array.from({ length: groups }, () => []);
  slots.forEach((_, node) => {
    members[node % groups]!.push(node);
  });
  const free = [...slots];
  const hosts = Array.from({ length: positions }, (_, position) => {
    const set = members[position % groups]!;
    for (const node of set) free[node]!--;
    return [...set];
  });
  useFreeSlots(hosts, free);
  return hosts;
}

/** Hands out the free slots in turns, last position first. */
function useFreeSlots(hosts: number[][], free: number[]): void {
  for (let added = true; added; ) {
    added = false;
    for (const set of hosts.toReversed()) if (addRoomiestNode(set, free)) added = true;
  }
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
