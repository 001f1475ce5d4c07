/** Allocation and placement of every layer by the policies that treat layers one by one. */
import { type ClusterNode, totalSlots } from "../layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../layout/placement.ts";
import { type AllocationPolicy, evenAllocation, lazarusAllocation } from "./allocation.ts";
import { compactPlacement } from "./compact.ts";
import { dealToGpus } from "./dealToGpus.ts";
import { mroPlacement } from "./mro.ts";
import type { AllocationPolicyName, LayerwisePolicyName } from "./policy.ts";
import { spreadPlacement } from "./spread.ts";

/** Rule that puts a layer's replicas on nodes: replica counts in, expert in each slot out. */
export type PlacementPolicy = (replicas: readonly number[], cluster: readonly ClusterNode[]) => number[][];

/** Rules for replica counts, by the name users give them. */
export const allocationPolicies = { lazarus: lazarusAllocation, even: evenAllocation } as const satisfies Record<
  AllocationPolicyName,
  AllocationPolicy
>;

/** Rules that place given replica counts, by the name users give them. */
export const placementPolicies = {
  mro: mroPlacement,
  spread: spreadPlacement,
  compact: compactPlacement,
} as const satisfies Record<LayerwisePolicyName, PlacementPolicy>;

/** What to place, and by which rules. */
export interface LayerwiseProblem {
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
  /** Copies that every expert should have at least (f in the paper). */
  readonly minReplicas: number;
  readonly allocation: AllocationPolicyName;
  readonly placement: LayerwisePolicyName;
}

/** Placements of all layers; one node order serves them all. */
export interface LayerwisePlacement {
  readonly layers: LayerPlacement[];
  /** Copies that every expert of every layer has: `minReplicas`, or less when the slots or the nodes do not hold it. */
  readonly minReplicas: number;
}

/**
 * Places every layer by itself.
 * @throws RangeError when a layer has more experts than the cluster has slots
 */
export function placeLayers(problem: LayerwiseProblem): LayerwisePlacement {
  const { cluster } = problem;
  const slots = totalSlots(cluster);
  // Copies on one node die together.
  const wanted = Math.min(problem.minReplicas, cluster.length);
  let minReplicas = wanted;
  const layers = problem.layers.map(({ layer, loads }) => {
    const allocation = allocationPolicies[problem.allocation](loads, slots, wanted);
    minReplicas = Math.min(minReplicas, allocation.minReplicas);
    const { replicas } = allocation;
    const weights = loads.map((load, expert) => load / replicas[expert]!);
    const nodes = dealToGpus(cluster, placementPolicies[problem.placement](replicas, cluster), weights);
    return { layer, loads, replicas, nodes };
  });
  return { layers, minReplicas };
}
