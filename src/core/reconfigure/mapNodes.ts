/** Which physical node plays which part of a plan (Lazarus section 4.3). */
import { leastCostAssignment } from "../algorithms/assignment.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import { hostSets, type Placement } from "../layout/placement.ts";
import type { Survivors } from "./survivors.ts";

/** Rule that maps plan nodes to physical nodes: replicas missing in, physical node of each plan node out. */
export type MappingPolicy = (missing: Float64Array, nodes: number) => Int32Array;

/** Names of the mapping rules. */
export const MAPPING_POLICIES = ["greedy", "optimal"] as const;
export type MappingPolicyName = (typeof MAPPING_POLICIES)[number];

/** Mapping rules by the name users give them. */
export const mappingPolicies = { greedy: greedyMapping, optimal: leastCostAssignment } as const satisfies Record<
  MappingPolicyName,
  MappingPolicy
>;

/**
 * Replicas that physical node n lacks to play the part of plan node p, over all layers; several copies on one node count
 * once. Infinity where the nodes differ in slots or GPUs (or in domain, when parts must stay in theirs).
 * @param held what the physical nodes hold
 * @param plan what the plan nodes shall hold; plan node p has the shape of physical node p
 * @returns shape [plan nodes][physical nodes]
 */
export function missingReplicas(
  held: Pick<Survivors, "cluster" | "holders">,
  plan: Placement,
  keepDomains: boolean,
): Float64Array {
  const nodes = plan.cluster.length;
  const needed = new Float64Array(nodes);
  const present = new Float64Array(nodes * nodes);
  plan.layers.forEach((layer, index) => {
    const heldBy = held.holders[index]!;
    hostSets(layer).forEach((parts, expert) => {
      const holders = heldBy[expert]!;
      for (let i = 0; i < parts.length; i++) {
        needed[parts[i]!]!++;
        const row = parts[i]! * nodes;
        for (let j = 0; j < holders.length; j++) present[row + holders[j]!]!++;
      }
    });
  });
  const missing = present.map((count, at) => needed[Math.floor(at / nodes)]! - count);
  plan.cluster.forEach((part, p) => {
    held.cluster.forEach((node, n) => {
      if (!interchangeable(part, node, keepDomains)) missing[p * nodes + n] = Infinity;
    });
  });
  return missing;
}

/** The paper's rule: plan nodes in order, each to the free physical node that lacks the fewest replicas, lowest id on ties. */
function greedyMapping(missing: Float64Array, nodes: number): Int32Array {
  const taken = new Uint8Array(nodes);
  return Int32Array.from({ length: nodes }, (_, part) => {
    let best = -1;
    let fewest = Infinity;
    for (let node = 0; node < nodes; node++) {
      const lacking = missing[part * nodes + node]!;
      if (taken[node] || lacking >= fewest) continue;
      best = node;
      fewest = lacking;
    }
    taken[best] = 1;
    return best;
  });
}

function interchangeable(a: ClusterNode, b: ClusterNode, keepDomains: boolean): boolean {
  return a.slots === b.slots && a.gpus === b.gpus && (!keepDomains || a.domain === b.domain);
}
