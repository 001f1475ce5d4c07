/** Why a placement survives what it survives: its weakest spots, and what more memory or machines would change. */

import { type ClusterNode, withLiveGpus } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { allHostSets, type Placement } from "../layout/placement.ts";
import { type CriticalSet, criticalSets, nodeCriticality } from "../recovery/criticalSets.ts";
import type { Likelihood } from "../recovery/outcomes.ts";
import { type Assessment, assess } from "./assess.ts";
import { checkPolicy } from "./checkPolicy.ts";
import { placeOnGrown } from "./placeOnGrown.ts";
import type { Policy } from "./policy.ts";

/** What a change of the cluster would do to the same job under the same policy. */
export interface Alternative {
  readonly change: "one more slot on every node" | "one more slot on every GPU" | "one more node";
  readonly assessment: Assessment;
}

/** Weak spots of a placement and ways out. */
export interface Explanation {
  /** Nodes of the smallest failure that loses an expert. */
  readonly fatalFailures: number;
  /** All failures of that size that lose an expert, those that lose most first. */
  readonly criticalSets: readonly CriticalSet[];
  /** Probability that the job dies when the node is among `fatalFailures` failed ones, shape [nodes]. */
  readonly criticality: readonly Likelihood[];
  /**
   * Changes of the cluster on which the policy can place the same layers, and what is the best of its plan there and of the present
   * one with more slots: none survives less than the present plan.
   */
  readonly alternatives: readonly Alternative[];
}

/**
 * Explains a placement.
 * @param policy by which the alternatives are placed
 */
export function explain(placement: Placement, policy: Policy): Explanation {
  checkPolicy(policy);
  const hosts = allHostSets(placement);
  const fatalFailures = Math.max(1, Math.min(...hosts.flat().map((set) => set.length)));
  return {
    fatalFailures,
    criticalSets: criticalSets(hosts),
    criticality: nodeCriticality(hosts.flat(), placement.cluster.length, fatalFailures, { seed: policy.seed }),
    alternatives: alternatives({ ...placement, cluster: withLiveGpus(placement.cluster) }, policy),
  };
}

function alternatives(placement: Placement, policy: Policy): Alternative[] {
  const { cluster } = placement;
  const before = { placement, assessment: assess(placement, policy) };
  const perGpu = cluster.some(({ gpus }) => gpus > 1);
  const changes: [Alternative["change"], ClusterNode[]][] = [
    [
      perGpu ? "one more slot on every GPU" : "one more slot on every node",
      cluster.map((node) => ({ ...node, slots: node.slots + node.gpus })),
    ],
    ["one more node", [...cluster, anotherNode(cluster)]],
  ];
  return changes.flatMap(([change, grown]) => {
    try {
      return [{ change, assessment: placeOnGrown(before, grown, policy).assessment }];
    } catch (error) {
      // The policy cannot place there, as EPLB where nodes differ.
      if (error instanceof Infeasible) return [];
      throw error;
    }
  });
}

/** A node like the last one, in no domain that others share. */
function anotherNode(cluster: readonly ClusterNode[]): ClusterNode {
  const { slots, gpus } = cluster.at(-1)!;
  return { name: `another-${cluster.length}`, slots, gpus };
}
