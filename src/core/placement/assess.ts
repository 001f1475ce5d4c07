/** What a placement is worth: what it survives, how even it can be, what a step costs. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { type FoundBalance, type PlanBalance, planBalance } from "../balance/planBalance.ts";
import { planCost } from "../cost/planCost.ts";
import { type PlanCost, stepSeconds } from "../cost/stepCost.ts";
import { goodput } from "../cost/trainingCosts.ts";
import { totalGpus, withLiveGpus } from "../layout/cluster.ts";
import { allHostSets, type LayerPlacement, type Placement } from "../layout/placement.ts";
import { certifies } from "../recovery/certifies.ts";
import {
  clusterUnits,
  type FailureUnit,
  hostsByUnit,
  sharesDomains,
  type UnitHosts,
  unitSets,
  unitsOf,
} from "../recovery/failureUnits.ts";
import { freeRecoveryUpperBound } from "../recovery/freeRecoveryUpperBound.ts";
import { neighbourCopies, withHostCopies } from "../recovery/hostCopies.ts";
import type { Likelihood, RecoveryProbabilities } from "../recovery/outcomes.ts";
import { recoveryProbabilities } from "../recovery/recoveryProbabilities.ts";
import { recoveryUpperBound } from "../recovery/recoveryUpperBound.ts";
import { survivalProbability } from "../recovery/survivalProbability.ts";
import { checkPolicy } from "./checkPolicy.ts";
import { choosesReplicas, PLACEMENT_POLICIES, type Policy, type Shares, sharesOf } from "./policy.ts";
import { checkPlacementSize } from "./sizeLimits.ts";

/**
 * What of a policy a placement is judged by: how likely nodes (and GPUs, and failure domains) fail, the seed of what is drawn where nothing
 * exact is feasible, and whether the policy is free to choose replica counts, so that the upper bound is that of all counts.
 */
export type Yardstick = Pick<Policy, "failureProbability" | "seed"> & Partial<Pick<Policy, "placement">>;

/** Recovery when units of one kind fail. */
export interface Resilience {
  readonly recovery: RecoveryProbabilities;
  /** Probability that every expert keeps a live host when each fails independently. */
  readonly survival: Likelihood;
}

/** Recovery probabilities of a placement that were found elsewhere, by what fails; what is missing is found here. */
export type FoundRecovery = Partial<Record<FailureUnit, RecoveryProbabilities>>;

/** A placement, and what making it has found out about it. */
export interface JudgedPlacement extends Placement {
  readonly foundBalance?: FoundBalance | undefined;
}

/** Figures of a placement. */
export interface Assessment extends Resilience {
  /** What the upper bound is taken over: all placements on these slots, or those with these replica counts. */
  readonly bound: "slots" | "replicas";
  /** Most that any of them reaches for 1, 2, ... failed nodes, shape [nodes]. */
  readonly upperBound: readonly number[];
  /** Whether recovery meets the upper bound for every number of failures. */
  readonly certified: boolean;
  /** Recovery for every kind of unit that the cluster has; that of nodes, above, among them. */
  readonly byUnit: Readonly<Partial<Record<FailureUnit, Resilience>>>;
  /** Load of the busiest GPU over the mean. */
  readonly balance: PlanBalance;
}

/**
 * Assesses a placement; recovery is joint over all its layers. Experts in host memory count as hosted by the nodes that keep
 * them, and their tokens for nothing.
 * @param found recovery probabilities to take instead of finding them here
 */
export function assess(placement: JudgedPlacement, yardstick: Yardstick, found: FoundRecovery = {}): Assessment {
  checkChoice("placement", yardstick.placement, PLACEMENT_POLICIES);
  checkPlacementSize(placement.cluster, placement.layers.length);
  const cluster = withLiveGpus(placement.cluster);
  const hosts = allHostSets(placement);
  const layers = placement.layers.map(withoutSpilled);
  const upperBound = boundOf(placement, boundKind(yardstick));
  const nodes = resilience({ count: cluster.length, hostSets: hosts.flat() }, yardstick, found.node);
  const byUnit = unitsOf(cluster).map((unit) => [
    unit,
    unit === "node" ? nodes : resilience(hostsByUnit(placement, unit), yardstick, found[unit]),
  ]);
  return {
    ...nodes,
    bound: boundKind(yardstick),
    upperBound,
    certified: certifies(upperBound, nodes.recovery),
    byUnit: Object.fromEntries(byUnit),
    balance: planBalance(cluster, layers, placement.foundBalance),
  };
}

/** A layer without the tokens of experts that have no slot. */
function withoutSpilled(layer: LayerPlacement): LayerPlacement {
  const { loads, replicas } = layer;
  if (!replicas.includes(0)) return layer;
  return { ...layer, loads: loads.map((load, expert) => (replicas[expert] === 0 ? 0 : load)) };
}

function boundKind({ placement }: Yardstick): Assessment["bound"] {
  return placement !== undefined && choosesReplicas({ placement }) ? "slots" : "replicas";
}

function boundOf({ cluster, layers, spilled = [] }: Placement, bound: Assessment["bound"]): number[] {
  // The bound is about slots; host memory is beyond it.
  if (spilled.length > 0) return cluster.map(() => 1);
  const slots = cluster.map((node) => node.slots);
  if (bound === "slots") return freeRecoveryUpperBound(Math.max(...layers.map(({ loads }) => loads.length)), slots);
  return recoveryUpperBound(
    layers.map((layer) => layer.replicas),
    slots,
  );
}

function resilience(
  { hostSets, count }: UnitHosts,
  { failureProbability, seed }: Yardstick,
  recovery = recoveryProbabilities(hostSets, count, { seed }),
): Resilience {
  return { recovery, survival: survivalProbability(recovery, failureProbability) };
}

/** What survives when experts that live nowhere are taken out of host memory. */
export interface HostMemory extends Resilience {
  /** Nodes after each in the plan that keep copies of what it holds. */
  readonly copies: number;
  /** When failure domains fail, where nodes share them. */
  readonly domain?: Resilience & { readonly count: number };
}

/** The figures of a placement with so many copies in host memory, which fails with its node. @throws RangeError as `neighbourCopies` */
export function withHostMemory(placement: Placement, copies: number, yardstick: Yardstick): HostMemory {
  const { cluster } = placement;
  const hosts = withHostCopies(placement, neighbourCopies(cluster.length, copies)).flat();
  const nodes = resilience({ count: cluster.length, hostSets: hosts }, yardstick);
  if (!sharesDomains(cluster)) return { copies, ...nodes };
  const units = clusterUnits(cluster, "domain");
  return {
    copies,
    ...nodes,
    domain: { count: units.count, ...resilience({ ...units, hostSets: unitSets(hosts, units) }, yardstick) },
  };
}

/** What a step costs under the shares that a policy counts on. */
export interface StepFigures extends PlanCost {
  readonly shares: Shares;
  /** Seconds of a step, and samples per second while nothing fails; there when the job is known. */
  readonly stepSeconds?: number;
  readonly samplesPerSecond?: number;
  /** Goodput; there when it is known how often failures come, too. */
  readonly usefulSamplesPerSecond?: number;
}

/** All figures of a placement. */
export interface PlanFigures extends Assessment {
  /** Nothing where experts without a slot wait in host memory, or where it would take long and nobody asked. */
  readonly step: StepFigures | undefined;
}

/** Ranks times experts, over all layers, up to which free shares are solved without being asked for: it takes some seconds beyond. */
const FREELY_COSTED = 200_000;

/**
 * Assesses a placement under the policy that it was made, or is to be judged, by, and costs its step.
 * @param found recovery probabilities to take instead of finding them here
 */
export function planFigures(placement: JudgedPlacement, policy: Policy, found?: FoundRecovery): PlanFigures {
  checkPolicy(policy);
  const { layers, spilled = [] } = placement;
  const cluster = withLiveGpus(placement.cluster);
  const assessment = assess(placement, policy, found);
  const size = totalGpus(cluster) * layers.reduce((sum, { loads }) => sum + loads.length, 0);
  const takesLong = sharesOf(policy) === "free" && policy.training === undefined && size > FREELY_COSTED;
  return {
    ...assessment,
    step: spilled.length > 0 || takesLong ? undefined : stepFigures({ ...placement, cluster }, policy, assessment),
  };
}

/** What a step of a placement costs, and how much work it is under the failures that the policy reckons with. */
export function stepFigures(placement: Placement, policy: Policy, assessment: Assessment): StepFigures {
  checkPolicy(policy);
  const { training, failureProbability: probability } = policy;
  const shares = sharesOf(policy);
  const cost = { shares, ...planCost(placement, shares) };
  if (training === undefined) return cost;
  const seconds = stepSeconds(training, cost);
  const timed = { ...cost, stepSeconds: seconds, samplesPerSecond: training.samplesPerStep / seconds };
  const { failures } = training;
  if (failures === undefined) return timed;
  const { recovery, survival } = resilienceOf(assessment, policy);
  const units = { count: recovery.failures.length, probability };
  return { ...timed, usefulSamplesPerSecond: goodput(survival.probability, units, seconds, { ...training, failures }) };
}

/** The figures for what fails as one under a policy, where the cluster has such units; otherwise for nodes. */
export function resilienceOf(assessment: Assessment, { failureUnit = "node" }: Pick<Policy, "failureUnit">): Resilience {
  return assessment.byUnit[failureUnit] ?? assessment;
}
