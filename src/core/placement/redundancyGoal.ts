/** What redundancy is for, and how few slots could reach it at all, whatever the placement. */
import { type ClusterNode, totalGpus, totalSlots } from "../layout/cluster.ts";
import { gpuCluster } from "../layout/gpuCluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { LayerLoads } from "../layout/placement.ts";
import { clusterUnits, countedUnits, type FailureUnit, unitName } from "../recovery/failureUnits.ts";
import { freeRecoveryUpperBound } from "../recovery/freeRecoveryUpperBound.ts";
import { survivalProbability } from "../recovery/survivalProbability.ts";
import { type Assessment, resilienceOf } from "./assess.ts";
import type { MadePlacement } from "./makePlacement.ts";
import { type Policy, usualBalanceSlack } from "./policy.ts";
import { slotShortage } from "./slotShortage.ts";

/** What a plan is to reach; all of what is given. The balance limit and the step budget of the policy hold besides. */
export interface RedundancyGoal {
  /** Failed units, of the policy's kind, of which none may ever cost an expert. */
  readonly survive?: number | undefined;
  /** Least probability that every expert keeps a live host under the policy's failure model. */
  readonly survival?: number | undefined;
  /** Nodes, or GPUs where these fail one by one, that every expert has at least. */
  readonly minReplicas?: number | undefined;
}

/** Probabilities that differ by less differ by rounding. */
const ROUNDING = 1e-9;
/** Searches take a balance for kept when it is over the limit by less, so the bound does, too. */
const CLOSE = 1e-4;

/** Whether a plan reaches a goal within the policy's limits. An estimate counts with the lower end of its interval. */
export function reaches(goal: RedundancyGoal, made: MadePlacement, assessment: Assessment, policy: Policy): boolean {
  const { recovery, survival } = resilienceOf(assessment, policy);
  return (
    made.withinBalanceLimit &&
    made.withinStepBudget &&
    recovery.tolerates >= (goal.survive ?? 0) &&
    (survival.interval?.[0] ?? survival.probability) >= (goal.survival ?? 0) - ROUNDING &&
    made.keptMinReplicas >= (goal.minReplicas ?? 0)
  );
}

/**
 * Refuses goals that no number of slots reaches.
 * @throws Infeasible about `survive` or `survival`
 */
export function checkReachable(
  { survive = 0, survival = 0 }: RedundancyGoal,
  cluster: readonly ClusterNode[],
  policy: Policy,
): void {
  const { failureUnit: unit = "node", failureProbability } = policy;
  const count = unit === "gpu" ? totalGpus(cluster) : clusterUnits(cluster, unit).count;
  const many = countedUnits(count, unit);
  const name = unitName(unit);
  if (survive >= count) {
    const message =
      count === 1
        ? `the failure of the only ${name} leaves nothing; add ${name}s`
        : `the failure of ${survive} of ${many} leaves nothing; ask for at most ${count - 1}, or add ${name}s`;
    throw new Infeasible(message, "survive");
  }
  const everywhere = 1 - failureProbability ** count;
  if (survival > everywhere + ROUNDING) {
    throw new Infeasible(
      `with every expert on each of ${many}, a job survives with probability ${everywhere.toPrecision(6)} when each fails with probability ${failureProbability.toPrecision(3)}; ask for less, add ${name}s, or pass the probability that holds for yours`,
      "survival",
    );
  }
}

/** Whether no bound forbids that some placement on a cluster reaches a goal within the policy's balance limit. */
export function mayReach(
  goal: RedundancyGoal,
  cluster: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
): boolean {
  const slots = totalSlots(cluster);
  const hosts = Math.max(1, goal.minReplicas ?? 1, (goal.survive ?? 0) + 1);
  const ranks = totalGpus(cluster);
  const limit = rankLimit(policy);
  if (slotShortage(layers, { slots, ranks }, hosts, limit) !== undefined) return false;
  const experts = Math.max(...layers.map(({ loads }) => loads.length));
  const bound = freeRecoveryUpperBound(experts, slotsByUnit(cluster, policy.failureUnit));
  const failures = bound.map((probability, i) => ({ failed: i + 1, probability }));
  return (
    (bound[(goal.survive ?? 0) - 1] ?? 1) >= 1 - ROUNDING &&
    survivalProbability({ failures }, policy.failureProbability).probability >= (goal.survival ?? 0) - ROUNDING
  );
}

/** Slots of every unit; of GPUs those that have any. */
function slotsByUnit(cluster: readonly ClusterNode[], unit: FailureUnit = "node"): number[] {
  const parts = unit === "gpu" ? gpuCluster(cluster).cluster : cluster;
  const units = clusterUnits(parts, unit);
  const slots = new Array<number>(units.count).fill(0);
  parts.forEach((part, p) => {
    slots[units.unitOfNode[p]!]! += part.slots;
  });
  return slots;
}

/** Limit on the busiest GPU over the mean that no copy of a hot expert may break; none where steps are limited, or nothing is. */
function rankLimit(policy: Policy): number {
  const limited = policy.placement === "resilient" && policy.objective !== "goodput" && policy.stepBudget === undefined;
  return limited ? 1 + (policy.balanceSlack ?? usualBalanceSlack(policy)) + CLOSE : Number.POSITIVE_INFINITY;
}
