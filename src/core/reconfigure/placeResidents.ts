/** Placements of more experts than the slots hold: the coldest wait in host memory. */
import { type ClusterNode, totalSlots } from "../layout/cluster.ts";
import type { LayerLoads } from "../layout/placement.ts";
import { type MadePlacement, makePlacement } from "../placement/makePlacement.ts";
import type { Policy } from "../placement/policy.ts";
import { keepInMemory, spillExperts, withSpilledExperts } from "./spillExperts.ts";

/** Places all experts, or those with most load when the slots do not hold all; the others have no replica. */
export function placeResidents(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  const slots = totalSlots(cluster);
  if (layers.every(({ loads }) => loads.length <= slots)) return makePlacement(cluster, layers, policy);
  const spill = spillExperts(layers, slots);
  const made = makePlacement(cluster, spill.layers, policy);
  return { ...made, layers: withSpilledExperts(spill, made.layers, layers) };
}

/** The same for a cluster that holds nothing yet: any node's host memory may keep the experts that have no slot. */
export function placeAfresh(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  const made = placeResidents(cluster, layers, policy);
  const everywhere = cluster.map((_, node) => node);
  const holders = layers.map(({ loads }) => loads.map(() => everywhere));
  return { ...made, spilled: keepInMemory({ cluster, holders }, made.layers, Math.min(policy.minReplicas, cluster.length)) };
}
