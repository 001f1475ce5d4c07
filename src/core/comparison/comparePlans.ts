/** Plans side by side, all judged by the same loads, shares and failures. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { planCost } from "../cost/planCost.ts";
import { stepSeconds } from "../cost/stepCost.ts";
import type { TrainingCosts } from "../cost/trainingCosts.ts";
import { gpuOfSlot, totalGpus, totalSlots, withLiveGpus } from "../layout/cluster.ts";
import { FREE_SLOT, type LayerLoads, type Placement } from "../layout/placement.ts";
import { type Assessment, assess } from "../placement/assess.ts";
import { SHARES, type Shares } from "../placement/policy.ts";
import { movesBetween } from "./movesBetween.ts";
import { type Traffic, trafficByTier } from "./trafficByTier.ts";

/** What plans are compared by. */
export interface Terms {
  readonly shares: Shares;
  /** That a GPU, a node, a domain fails, independently of the others. */
  readonly failureProbability: number;
  /** Seed of failure orders, where they are sampled. */
  readonly seed: number;
}

/** A plan to compare. */
export interface Contestant {
  /** With the loads that it is judged by. */
  readonly placement: Placement;
  /** The job on its nodes, where it is known. */
  readonly training?: TrainingCosts | undefined;
}

/** What a plan is worth beside the first. */
export interface Compared {
  readonly assessment: Assessment;
  readonly slots: number;
  /** Slots that hold an expert which their rank has already, over all layers. */
  readonly duplicates: number;
  /** Slots that hold nothing, over all layers. */
  readonly free: number;
  /** Nothing where it would take long, or there are no tokens. */
  readonly traffic: Traffic | undefined;
  /** Nothing where the job is not known, it would take long, or experts wait in host memory. */
  readonly stepSeconds: number | undefined;
  /** Replicas that nodes have to fetch to get here from the first plan, and the rounds that takes; nothing where nodes differ. */
  readonly moves: { readonly moved: number; readonly rounds: number } | undefined;
}

/** Ranks times experts, over all layers, up to which tokens are dispatched under free shares: it takes some seconds beyond. */
const FREELY_DISPATCHED = 200_000;

/** @param plans all with the same layers and experts; clusters may differ */
export function comparePlans(plans: readonly Contestant[], { shares, ...yardstick }: Terms): Compared[] {
  checkChoice("shares", shares ?? null, SHARES);
  return plans.map(({ placement, training }) => {
    const cluster = withLiveGpus(placement.cluster);
    const size = totalGpus(cluster) * placement.layers.reduce((sum, { loads }) => sum + loads.length, 0);
    const takesLong = shares === "free" && size > FREELY_DISPATCHED;
    const costed = training !== undefined && !takesLong && !placement.spilled?.length;
    const moves = movesBetween(plans[0]!.placement, placement);
    return {
      // Upper bounds are not compared; those over all replica counts are found at once.
      assessment: assess(placement, { ...yardstick, placement: "resilient" }),
      slots: totalSlots(placement.cluster),
      ...wasted(placement),
      traffic: takesLong ? undefined : trafficByTier(placement, shares),
      stepSeconds: costed ? stepSeconds(training, planCost({ ...placement, cluster }, shares)) : undefined,
      moves: moves && { moved: moves.transfers.length, rounds: moves.rounds },
    };
  });
}

/** The same plan with other loads, and only the layers that they are of. */
export function judgedBy(placement: Placement, loads: readonly LayerLoads[]): Placement {
  const byLayer = new Map(placement.layers.map((layer) => [layer.layer, layer]));
  return { ...placement, layers: loads.map((layer) => ({ ...byLayer.get(layer.layer)!, loads: layer.loads })) };
}

function wasted({ cluster, layers }: Placement): { duplicates: number; free: number } {
  let duplicates = 0;
  let free = 0;
  for (const { nodes } of layers) {
    nodes.forEach((slots, n) => {
      const seen = new Set<string>();
      slots.forEach((expert, slot) => {
        const key = `${gpuOfSlot(cluster[n]!, slot)} ${expert}`;
        if (expert === FREE_SLOT) free++;
        else if (seen.has(key)) duplicates++;
        seen.add(key);
      });
    });
  }
  return { duplicates, free };
}
