/** From a plan and newer loads to what an incremental policy makes of it: nodes stay who they are, few experts change slots. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { withLiveGpus } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { fewestHosts, type LayerLoads, type Placement } from "../layout/placement.ts";
import { planFigures } from "../placement/assess.ts";
import { checkPolicy } from "../placement/checkPolicy.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { expectedFailures, type Policy, sharesOf } from "../placement/policy.ts";
import type { Operation } from "../rebalance/operations.ts";
import { REBALANCING_POLICIES, type RebalanceOptions, rebalance } from "../rebalance/rebalance.ts";
import { hostsByUnit } from "../recovery/failureUnits.ts";
import { recoveryProbabilities } from "../recovery/recoveryProbabilities.ts";
import { survivalProbability } from "../recovery/survivalProbability.ts";
import { wayFigures } from "./chooseWay.ts";
import { type GoesOn, matchingLoads, type RecoverySpeed } from "./planRecovery.ts";
import { schedule } from "./reconfigure.ts";
import { MEMORY_COPIES } from "./spillExperts.ts";
import { survivors } from "./survivors.ts";

/** A plan, and how to go on with it. */
export interface RebalanceProblem extends Pick<RebalanceOptions, "threshold" | "maxMoves" | "leastGain" | "step"> {
  readonly old: Placement;
  readonly loads: readonly LayerLoads[];
  readonly by: RebalanceOptions["policy"];
  /** What the plan is judged by; its f is kept, and its units fail. */
  readonly policy: Policy;
  readonly speed: RecoverySpeed;
}

/** A recovery, with what leads to it. */
export interface RebalancedPlan extends GoesOn {
  readonly operations: readonly Operation[];
  /** Layers that nothing could be done for: no slot is free and no expert has more copies than f. */
  readonly stuck: readonly number[];
}

/** Survival is a sum of fractions: what differs by less is the same. */
const ROUNDING = 1e-12;

/** Whether the host sets of layers survive no less than those of a plan, by what its policy expects to fail. */
export function keepingSurvival(old: Placement, policy: Policy): NonNullable<RebalanceOptions["survives"]> {
  const { unit, probability } = expectedFailures(policy);
  const survivalOf = (placement: Placement) => {
    const { hostSets, count } = hostsByUnit(placement, unit);
    return survivalProbability(recoveryProbabilities(hostSets, count, { seed: policy.seed }), probability).probability;
  };
  const least = survivalOf(old) - ROUNDING;
  return (layers) => survivalOf({ ...old, layers: old.layers.map((layer, l) => ({ ...layer, nodes: layers[l]! })) }) >= least;
}

/**
 * Rebalances a plan, so that every expert keeps f nodes and survival does not fall.
 * @throws Infeasible when the loads do not fit the plan, or experts of it wait in host memory
 */
export function planRebalance(problem: RebalanceProblem): RebalancedPlan & { readonly joined: readonly [] } {
  const { old, by, policy, speed, threshold, maxMoves, leastGain, step } = problem;
  checkPolicy(policy);
  checkChoice("by", by ?? null, REBALANCING_POLICIES);
  if (old.spilled?.some(({ nodes }) => nodes.length > 0))
    throw new Infeasible("experts wait in host memory, which incremental policies leave there", "slots");
  const loads = matchingLoads(old.layers, problem.loads);
  const { placement, operations, stuck } = rebalance(old, loads, {
    policy: by,
    threshold,
    maxMoves,
    leastGain,
    step,
    shares: sharesOf(policy),
    minHosts: policy.minReplicas,
    survives: keepingSurvival(old, policy),
  });
  const live = survivors(old, []);
  const scheduled = schedule(live, placement.layers, MEMORY_COPIES);
  const made: MadePlacement = {
    ...placement,
    keptMinReplicas: Math.min(policy.minReplicas, ...placement.layers.map(fewestHosts)),
    withinBalanceLimit: true,
    withinStepBudget: true,
  };
  const roundSeconds = speed.expertBytes / speed.bandwidth;
  const transferSeconds = scheduled.rounds * roundSeconds;
  return {
    joined: [],
    recoverable: true,
    survivors: live,
    policy,
    placement: made,
    figures: planFigures(made, policy),
    ways: {
      taken: "repair",
      repair: wayFigures({ ...made, cluster: withLiveGpus(old.cluster) }, scheduled.transfers.length, transferSeconds, policy),
    },
    change: { physicalNode: [...old.cluster.keys()], placement, ...scheduled },
    seconds: {
      detectSeconds: 0,
      regroupSeconds: operations.length === 0 ? 0 : speed.regroupSeconds,
      transferSeconds,
      lowerBoundSeconds: scheduled.lowerBoundRounds * roundSeconds,
    },
    restored: [],
    operations,
    stuck,
  };
}
