/** How many replicas each expert of a layer gets. */

import type { ClusterNode } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { LayerLoads } from "../layout/placement.ts";

/** Replica counts of one layer and the fault-tolerance threshold they keep. */
export interface Allocation {
  /** Copies of each expert, shape [experts]; they sum to the slots. */
  readonly replicas: number[];
  /** Copies that every expert has at least: the one asked for, lowered when the slots do not hold it. */
  readonly minReplicas: number;
}

/** Rule that turns a layer's loads into replica counts. */
export type AllocationPolicy = (loads: readonly number[], slots: number, minReplicas: number) => Allocation;

/**
 * Replicas in proportion to load (Lazarus section 4.1, Eq. 1), exact in integers.
 * @param loads tokens of each expert, shape [experts], whole numbers; zeros are legal
 * @param slots replicas to hand out
 * @throws RangeError when there are fewer slots than experts
 */
export function lazarusAllocation(loads: readonly number[], slots: number, minReplicas: number): Allocation {
  const threshold = keptThreshold(loads.length, slots, minReplicas);
  const replicas = new Array<number>(loads.length).fill(0);
  const ascending = expertsByLoad(loads);
  let tokensLeft = loads.reduce((sum, load) => sum + BigInt(load), 0n);
  let slotsLeft = slots;
  ascending.forEach((expert, position) => {
    const tokens = BigInt(loads[expert] as number);
    // Without any load left Eq. 1 is 0/0: nothing tells the experts apart, so they share evenly.
    const share =
      tokensLeft === 0n ? Math.floor(slotsLeft / (loads.length - position)) : Number((tokens * BigInt(slotsLeft)) / tokensLeft);
    const copies = Math.max(share, threshold);
    replicas[expert] = copies;
    slotsLeft -= copies;
    tokensLeft -= tokens;
  });
  return { replicas, minReplicas: threshold };
}

/**
 * The same number of replicas for every expert; what does not divide goes to the most loaded ones.
 * @throws RangeError when there are fewer slots than experts
 */
export function evenAllocation(loads: readonly number[], slots: number, minReplicas: number): Allocation {
  const threshold = keptThreshold(loads.length, slots, minReplicas);
  const copies = Math.floor(slots / loads.length);
  const replicas = new Array<number>(loads.length).fill(copies);
  const spare = slots - copies * loads.length;
  for (const expert of expertsByLoad(loads).reverse().slice(0, spare)) replicas[expert] = copies + 1;
  return { replicas, minReplicas: threshold };
}

/** Expert ids by load, ascending; equal loads in id order. */
export function expertsByLoad(loads: readonly number[]): number[] {
  return loads.map((_, expert) => expert).sort((a, b) => (loads[a] as number) - (loads[b] as number) || a - b);
}

/**
 * The fault-tolerance threshold that fits: `minReplicas`, or floor(slots / experts) when that is less.
 * @throws RangeError when there are fewer slots than experts
 */
export function keptThreshold(experts: number, slots: number, minReplicas: number): number {
  if (slots < experts) {
    throw new Infeasible(`${experts} experts do not fit into ${slots} slots: ${experts - slots} more slots are needed`);
  }
  return Math.min(minReplicas, Math.floor(slots / experts));
}

/**
 * Nodes that every expert of all layers can have: `minReplicas`, or fewer where the slots do not hold that many.
 * @throws RangeError when there are fewer slots than experts
 */
export function keptMinReplicas(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], minReplicas: number): number {
  return Math.min(
    ...layers.map(({ loads: { length: experts } }) => {
      // A node's slots beyond the number of experts cannot add hosts.
      const usable = cluster.reduce((sum, node) => sum + Math.min(node.slots, experts), 0);
      return keptThreshold(experts, usable, minReplicas);
    }),
  );
}
