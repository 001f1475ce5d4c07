/** Placement for balance alone, for users to whom failures do not matter. */

import { evenBalance } from "../../balance/evenBalance.ts";
import type { ClusterNode } from "../../layout/cluster.ts";
import { countReplicas, type LayerLoads, type LayerPlacement } from "../../layout/placement.ts";
import type { Effort, Shares } from "../policy.ts";
import { balanceLowerBound } from "./balanceLowerBound.ts";
import { evenSplit } from "./evenSplit.ts";
import { freeShares } from "./freeShares.ts";
import { keptHosts } from "./keptHosts.ts";
import type { RankProblem } from "./rankProblem.ts";
import { ranksOf, slotsOfNodes } from "./ranks.ts";

/** What to place, and for which dispatcher. */
export interface BalancedProblem {
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
  /** Distinct nodes that every expert should have at least. */
  readonly minReplicas: number;
  /** `even`: every replica takes t_e / r_e. `free`: the dispatcher decides what each GPU takes. */
  readonly shares: Shares;
  readonly effort: Effort;
  readonly seed: number;
}

/** How even the GPUs of a layer are. */
export interface RankBalance {
  /** Load of the busiest GPU over the mean, under the shares asked for. */
  readonly maxOverMean: number;
  /** What no placement can beat. The search is heuristic: a placement above the bound may still be the best there is. */
  readonly lowerBound: number;
}

/** Placements of all layers, each by itself. */
export interface BalancedPlacement {
  readonly layers: LayerPlacement[];
  /** Distinct nodes that every expert of every layer has: `minReplicas`, or less when the nodes do not hold that many. */
  readonly minReplicas: number;
  /** Shape [layers]. */
  readonly balance: RankBalance[];
}

/**
 * Places every layer so that its busiest GPU carries as little as possible; all slots are used, except on a GPU with more of them than there
 * are experts; no GPU holds an expert twice. With free shares and equal slots
 * on every GPU, balance is exactly 1 whenever slots >= experts + GPUs - 1 and the hosts asked for fit in beside it.
 * @throws RangeError when a layer has more experts than the cluster has slots
 */
export function placeBalanced({ cluster, layers, minReplicas, shares, effort, seed }: BalancedProblem): BalancedPlacement {
  const ranks = ranksOf(cluster);
  const withSlots = ranks.filter((rank) => rank.slots > 0);
  const idleFactor = ranks.length / withSlots.length;
  const placed = layers.map(({ layer, loads }) => {
    const minHosts = keptHosts(cluster, loads.length, minReplicas);
    // Without tokens all experts count the same in the search, and all GPUs are equally busy.
    const hasTokens = loads.some((load) => load > 0);
    // Ranked by tokens, so that the plan does not depend on the order in which a layer lists its experts.
    const order = Array.from(loads.keys()).sort((a, b) => loads[b]! - loads[a]! || a - b);
    const weights = order.map((expert) => (hasTokens ? loads[expert]! : 1));
    // A second copy on a GPU is of no use to anybody: what slots a GPU has beyond the experts stay free.
    const useful = withSlots.map((rank) => ({ ...rank, slots: Math.min(rank.slots, loads.length) }));
    const lowerBound = balanceLowerBound(weights, useful, minHosts);
    const problem = { loads: weights, ranks: useful, minHosts, lowerBound, effort, seed };
    const { held: ranked, maxOverMean } = shares === "even" ? splitEvenly(problem) : freeShares(problem);
    const held = ranked.map((experts) => experts.map((at) => order[at]!));
    const reached = hasTokens ? maxOverMean : 1;
    const nodes = slotsOfNodes(cluster.length, withSlots, held);
    const placement = { layer, loads, replicas: countReplicas(loads.length, nodes), nodes };
    const balance = { maxOverMean: reached * idleFactor, lowerBound: (hasTokens ? lowerBound : 1) * idleFactor };
    return { placement, minHosts, balance };
  });
  return {
    layers: placed.map(({ placement }) => placement),
    minReplicas: placed.reduce((least, { minHosts }) => Math.min(least, minHosts), minReplicas),
    balance: placed.map(({ balance }) => balance),
  };
}

/** Plan for even shares, and how even it is. */
function splitEvenly(problem: RankProblem): { readonly held: number[][]; readonly maxOverMean: number } {
  const nodes = evenSplit(problem);
  const gpus = nodes.map(() => 1);
  return { held: nodes, maxOverMean: evenBalance({ loads: problem.loads, nodes }, gpus) };
}
