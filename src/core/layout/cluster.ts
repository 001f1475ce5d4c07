/** The machines that hold expert replicas. A node is the unit that fails; a rank is one GPU. */

/** One machine of the cluster. */
export interface ClusterNode {
  readonly name: string;
  /** Expert replicas that fit on the node's live GPUs, per layer (c in the paper). */
  readonly slots: number;
  /** GPUs of the node, dead ones among them; its slots are dealt to the live ones in contiguous runs. */
  readonly gpus: number;
  /** Dead GPUs of the node, ascending from 0, never all of them; they keep their ranks and have no slots. */
  readonly deadGpus?: readonly number[];
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

/** GPUs of all nodes together, dead ones among them, which is the number of ranks. */
export function totalGpus(cluster: readonly ClusterNode[]): number {
  return cluster.reduce((sum, node) => sum + node.gpus, 0);
}

/** Rank of each node's first GPU, shape [nodes + 1]; the last entry is the number of ranks. */
export function firstRanks(cluster: readonly ClusterNode[]): number[] {
  const first = [0];
  for (const node of cluster) first.push(first.at(-1)! + node.gpus);
  return first;
}

/** GPU within its node that a slot belongs to: slots are dealt to live GPUs in contiguous, nearly equal runs. */
export function gpuOfSlot(node: ClusterNode, slot: number): number {
  const { gpus, deadGpus } = node;
  if (deadGpus === undefined) return Math.floor((slot * gpus) / node.slots);
  let gpu = Math.floor((slot * (gpus - deadGpus.length)) / node.slots);
  for (const dead of deadGpus) if (dead <= gpu) gpu++;
  return gpu;
}

/**
 * The same nodes with their live GPUs only, numbered anew: what plans are made and judged on, as slots are dealt to the live GPUs in
 * the same runs. Only ranks differ.
 */
export function withLiveGpus(cluster: readonly ClusterNode[]): readonly ClusterNode[] {
  if (cluster.every(({ deadGpus }) => deadGpus === undefined)) return cluster;
  return cluster.map(({ deadGpus = [], gpus, ...node }) => ({ ...node, gpus: gpus - deadGpus.length }));
}

/** The same nodes with all their GPUs alive. */
export function withAllGpus(cluster: readonly ClusterNode[]): ClusterNode[] {
  return cluster.map(({ deadGpus = [], ...node }) => ({
    ...node,
    slots: (node.slots / (node.gpus - deadGpus.length)) * node.gpus,
  }));
}

/** Ranks of the dead GPUs, ascending. */
export function deadRanks(cluster: readonly ClusterNode[]): number[] {
  const first = firstRanks(cluster);
  return cluster.flatMap(({ deadGpus = [] }, n) => deadGpus.map((gpu) => first[n]! + gpu));
}
