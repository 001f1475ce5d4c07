/** From loads to a placement, by the policy that the user names. */

import type { FoundBalance } from "../balance/planBalance.ts";
import { type ClusterNode, totalGpus, withLiveGpus } from "../layout/cluster.ts";
import { gpuCluster } from "../layout/gpuCluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { fewestHosts, type LayerLoads, type LayerPlacement } from "../layout/placement.ts";
import { failureUnits, MOST_FAILING_GPUS } from "../recovery/failureUnits.ts";
import { type JudgedPlacement, planFigures } from "./assess.ts";
import { placeBalanced } from "./balanced/placeBalanced.ts";
import { checkPolicy } from "./checkPolicy.ts";
import { placeEplb } from "./eplb/placeEplb.ts";
import { placeLayers } from "./placeLayers.ts";
import { BALANCE_SLACK, expectedFailures, POLICY_DEFAULTS, type Policy, usualBalanceSlack } from "./policy.ts";
import { MOST_RANKS } from "./resilient/gpuBalance.ts";
import { resilientPlacement } from "./resilient/resilientPlacement.ts";
import { checkPlacementSize, checkSearch } from "./sizeLimits.ts";
import { stepGoalOf } from "./stepGoalOf.ts";

/** GPUs up to which `balanced` is tried where no other plan keeps the balance limit: on more it costs more than the search. */
const MOST_RANKS_EVENED = 64;

/** A placement and what became of the policy's wishes. */
export interface MadePlacement extends JudgedPlacement {
  /** Nodes (GPUs, where these fail) that every expert has: `minReplicas`, or fewer where the slots, or the policy, give no more. */
  readonly keptMinReplicas: number;
  /** Whether the balance limit holds; always, for policies that know none. */
  readonly withinBalanceLimit: boolean;
  /** Whether a step is within its budget; always, where there is none. */
  readonly withinStepBudget: boolean;
}

/** What a policy gives. */
interface Placed {
  readonly layers: readonly LayerPlacement[];
  readonly foundBalance?: FoundBalance | undefined;
  readonly withinBalanceLimit?: boolean;
  readonly withinStepBudget?: boolean;
}

/**
 * Places all layers on a cluster.
 * @throws RangeError when a layer has more experts than the cluster has slots, or the policy cannot place on such a cluster or is none
 */
export function makePlacement(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  checkPolicy(policy);
  checkPlacementSize(cluster, layers.length);
  const empty = cluster.find(({ slots }) => slots === 0);
  if (empty !== undefined) throw new Infeasible(`${empty.name} has no slots and can hold no expert; leave it out`);
  if (policy.failureUnit === "gpu" && policy.placement === "resilient") return placeOnGpus(cluster, layers, policy);
  return { ...placeOn(withLiveGpus(cluster), layers, policy), cluster };
}

/**
 * Where GPUs fail one by one, each is a node of its own. Heuristic on more than a dozen GPUs: only mixtures of cells are tried, and
 * nodes matter only as far as GPUs of a cell are on different ones.
 */
function placeOnGpus(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  if (policy.objective === "goodput" || policy.stepBudget !== undefined)
    throw new Infeasible("where GPUs fail one by one, step time does not count: take objective survival without a step budget");
  const gpus = gpuCluster(withLiveGpus(cluster));
  if (gpus.cluster.length > MOST_FAILING_GPUS) {
    throw new Infeasible(
      `failing GPUs are looked at one by one up to ${MOST_FAILING_GPUS} of them, and there are ${gpus.cluster.length}; let nodes be what fails`,
    );
  }
  const inCells = cluster.some((node) => node.gpus > 1);
  const made = placeOn(gpus.cluster, layers, { ...policy, failureUnit: "node" }, inCells);
  return { ...made, cluster, layers: made.layers.map((layer) => ({ ...layer, nodes: gpus.together(layer.nodes) })) };
}

function placeOn(
  cluster: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
  inCells = false,
): Omit<MadePlacement, "cluster"> {
  const placed = placeBy(cluster, layers, policy, inCells);
  const fewest = Math.min(...placed.layers.map(fewestHosts));
  return {
    layers: placed.layers,
    ...(placed.foundBalance && { foundBalance: placed.foundBalance }),
    keptMinReplicas: Math.min(policy.minReplicas, fewest),
    withinBalanceLimit: placed.withinBalanceLimit ?? true,
    withinStepBudget: placed.withinStepBudget ?? true,
  };
}

function placeBy(cluster: readonly ClusterNode[], layers: readonly LayerLoads[], policy: Policy, inCells: boolean): Placed {
  const { placement, effort = POLICY_DEFAULTS.effort, shares = POLICY_DEFAULTS.shares, groups = POLICY_DEFAULTS.groups } = policy;
  switch (placement) {
    case "resilient":
      return placeResilient(cluster, layers, policy, inCells);
    case "balanced":
      return placeBalanced({ ...policy, cluster, layers, shares, effort });
    case "eplb":
      return { layers: placeEplb({ cluster, layers, groups }) };
    default:
      return placeLayers({ ...policy, placement, cluster, layers });
  }
}

function placeResilient(
  cluster: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
  inCells: boolean,
): Placed {
  // Mixtures of cells are tried without a search that grows so.
  if (!inCells) checkSearch(cluster, layers.length);
  const { minReplicas, effort = POLICY_DEFAULTS.effort, seed } = policy;
  const balanceSlack = policy.balanceSlack ?? usualBalanceSlack(policy);
  // Nothing may be worse than these where they keep the limit; the paper's keeps a step budget. On large clusters they break any limit.
  const countsSteps = policy.stepBudget !== undefined || policy.objective === "goodput";
  const mayKeepLimit = balanceSlack === Number.POSITIVE_INFINITY || (!countsSteps && totalGpus(cluster) <= MOST_RANKS);
  const others = [
    ...(mayKeepLimit || policy.stepBudget !== undefined ? (["mro"] as const) : []),
    ...(mayKeepLimit ? (["spread"] as const) : []),
  ];
  const startFrom = others.map((placement) => placeLayers({ ...policy, placement, cluster, layers }).layers);
  const failureModel = expectedFailures(policy);
  const shouldStop = () => {
    policy.watch?.();
    return false;
  };
  const goal = stepGoalOf(cluster, layers, policy, failureUnits(cluster, failureModel));
  const { shares = POLICY_DEFAULTS.shares } = policy;
  const lastResort = (ranked: readonly LayerLoads[]) =>
    placeBalanced({ ...policy, cluster, layers: ranked, shares, effort }).layers;
  const problem = { cluster, layers, minReplicas };
  const options = {
    ...{ failureModel, effort, seed, startFrom, shouldStop, shares, inCells },
    ...(totalGpus(cluster) <= MOST_RANKS_EVENED && { lastResort }),
  };
  const placed = resilientPlacement(problem, { ...options, balanceSlack, ...(goal && { goal }) });
  if (policy.objective !== "goodput" || cluster.every(({ gpus }) => gpus === 1)) return placed;
  // The search for goodput knows what nodes carry, and a step waits for the busiest GPU.
  const level = resilientPlacement(problem, { ...options, balanceSlack: BALANCE_SLACK });
  const worth = (plan: Placed) => planFigures({ cluster, ...plan }, policy).step!.usefulSamplesPerSecond!;
  return worth(level) > worth(placed) ? level : placed;
}
