/** The machines that hold expert replicas. A node is the unit that fails; a rank is one GPU. */

/** One machine of the cluster. */
export interface ClusterNode {
  readonly name: string;
  /** Expert replicas that fit on the node, per layer (c in the paper). */
  readonly slots: number;
  /** GPUs of the node; its slots are dealt to them in contiguous runs. */
  readonly gpus: number;
  /** Rack, zone or power feed that fails as one. */
  readonly domain?: string;
}

/**
 * A cluster of identical nodes named `node0`, `node1`, ...
 * @throws RangeError when a count is not a positive whole number.
 */
export function uniformCluster(nodes: number, slots: number, gpus = 1): ClusterNode[] {
  for (const [what, count] of [
    ["nodes", nodes],
    ["slots", slots],
    ["gpus", gpus],
  ] as const) {
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${what} must be a positive whole number, got ${count}`);
  }
  return Array.from({ length: nodes }, (_, n) => ({ name: `node${n}`, slots, gpus }));
}

/** Slots of all nodes together. */
export function totalSlots(cluster: readonly ClusterNode[]): number {
  return cluster.reduce((sum, node) => sum + node.slots, 0);
}

/** GPUs of all nodes together, which is the number of ranks. */
export function totalGpus(cluster: readonly ClusterNode[]): number {
  return cluster.reduce((sum, node) => sum + node.gpus, 0);
}

/** Rank of each node's first GPU, shape [nodes + 1]; the last entry is the number of ranks. */
export function firstRanks(cluster: readonly ClusterNode[]): number[] {
  const first = [0];
  for (const node of cluster) first.push(first.at(-1)! + node.gpus);
  return first;
}

/** GPU within its node that a slot belongs to: slots are dealt to GPUs in contiguous, nearly equal runs. */
export function gpuOfSlot(node: ClusterNode, slot: number): number {
  return Math.floor((slot * node.gpus) / node.slots);
}
