/** Placement `resilient`: host sets chosen so that a job survives as many failures as it can at perfect balance. */
import { hostBalance } from "../../balance/hostBalance.ts";
import { planCost } from "../../cost/planCost.ts";
import { type PlanCost, type StepCost, stepSeconds } from "../../cost/stepCost.ts";
import { failureUnits, recoveryUnder } from "../../recovery/failureUnits.ts";
import { survivalProbability } from "../../recovery/survivalProbability.ts";
import { keptMinReplicas } from "../allocation.ts";
import { BALANCE_SLACK, POLICY_DEFAULTS } from "../policy.ts";
import { candidates } from "./candidates.ts";
import { fillFreeSlots } from "./fillFreeSlots.ts";
import { placeHosts } from "./placeHosts.ts";
import type { LayerHosts } from "./placeInCells.ts";
import { MOVES, type ResilientOptions, type ResilientProblem } from "./problem.ts";
import type { StepGoal, StepWorth } from "./stepGoal.ts";

/** Probability that a node fails at which placements differ that are equally certain to survive when few do. */
const MANY_FAIL = 0.5;
/** Sums of probabilities in different order differ by less. */
const ROUNDING = 1e-14;

/** Host sets and what they are worth. */
export interface ResilientHostSets {
  /** Nodes of each expert, ascending, shape [layers][experts][hosts]. */
  readonly hosts: LayerHosts;
  /** Nodes that every expert has: `minReplicas`, or fewer where the slots do not hold that many. */
  readonly minReplicas: number;
  /** Probability that every expert of every layer keeps a live host under the failure model. */
  readonly survival: number;
  /** Load of the busiest GPU over the mean when shares are free, worst layer, as far as host sets decide it. */
  readonly balance: number;
  /** Whether `balance` is within the limit. Where it is not, no better balance was found. */
  readonly withinBalanceLimit: boolean;
  /** Whether a step is within its budget, where there is one. Where it is not, no shorter step was found. */
  readonly withinStepBudget: boolean;
  /** Cost and time of a step, where the goal counts it. */
  readonly step?: StepOfPlan;
}

/** A plan's step under free shares. */
export interface StepOfPlan {
  readonly cost: PlanCost;
  readonly seconds: number;
}

/**
 * Chooses host sets for all layers together.
 *
 * Every expert has `minReplicas` hosts at least and no node more experts than slots. Within these bounds, a step budget comes
 * first, then the balance limit, then survival under the failure model (or the goal that is given); slots left then go to the experts with most
 * tokens, unless a goal counts the step time. Heuristic: simulated annealing with exact evaluation on parts of the cluster of
 * up to a dozen nodes or somewhat more, or on blocks of nodes that host the same experts.
 * @throws RangeError when a layer has more experts than the cluster has slots, or an option is out of range
 */
export function resilientHostSets(problem: ResilientProblem, options: ResilientOptions = {}): ResilientHostSets {
  const { cluster, layers } = problem;
  const { balanceSlack = BALANCE_SLACK, effort = POLICY_DEFAULTS.effort, seed = 0, goal } = options;
  if (!(balanceSlack >= 0)) throw new RangeError(`balanceSlack must not be negative, got ${balanceSlack}`);
  if (cluster.length === 0 || layers.length === 0) throw new RangeError("a placement needs nodes and layers");
  const units = failureUnits(cluster, options.failureModel ?? { unit: "node" });
  const minReplicas = keptMinReplicas(cluster, layers, problem.minReplicas);
  const search = {
    units,
    minReplicas,
    balanceSlack,
    moves: MOVES[effort],
    effort,
    seed,
    goal,
    shouldStop: options.shouldStop ?? (() => false),
  };
  const slots = cluster.map((node) => node.slots);
  const gpus = cluster.map((node) => node.gpus);
  let best: ResilientHostSets | undefined;
  let bestOfMany = 0;
  for (const candidate of candidates(problem, search, options.startFrom ?? [])) {
    // Where the step time counts, a free slot may be worth more than a host.
    const hosts = goal ? candidate.hosts : layers.map(({ loads }, l) => fillFreeSlots(candidate.hosts[l]!, loads, slots));
    const balance = Math.max(
      ...layers.flatMap(({ loads }, l) => {
        const { nodes, shares } = hostBalance(hosts[l]!, loads, gpus);
        return [nodes, shares];
      }),
    );
    const step = goal && stepOf(problem, hosts, goal.costs);
    const recovery = recoveryUnder(hosts, units, seed);
    const placed = {
      hosts,
      minReplicas,
      survival: survivalProbability(recovery, units.probability).probability,
      balance,
      withinBalanceLimit: balance <= 1 + balanceSlack,
      withinStepBudget: goal === undefined || !("budget" in goal) || step!.seconds <= goal.budget,
      ...(step && { step }),
    };
    const survivalOfMany = survivalProbability(recovery, MANY_FAIL).probability;
    if (best === undefined || isBetter(placed, best, goal) || (isEqual(placed, best, goal) && survivalOfMany > bestOfMany)) {
      best = placed;
      bestOfMany = survivalOfMany;
    }
    if (candidate.settles && best.withinBalanceLimit) break;
  }
  return best!;
}

/** Whether survival, if that is all that counts, differs by rounding only: on large clusters it may be next to certain. */
function isEqual(placed: ResilientHostSets, other: ResilientHostSets, goal: StepGoal | undefined): boolean {
  if (goal !== undefined || placed.withinBalanceLimit !== other.withinBalanceLimit) return false;
  return placed.withinBalanceLimit && Math.abs(placed.survival - other.survival) <= ROUNDING;
}

function isBetter(placed: ResilientHostSets, other: ResilientHostSets, goal: StepGoal | undefined): boolean {
  // Where both cannot be kept, the balance limit gives way to the budget: balance is part of the step already.
  if (placed.withinStepBudget !== other.withinStepBudget) return placed.withinStepBudget;
  if (!placed.withinStepBudget) return placed.step!.seconds < other.step!.seconds;
  if (placed.withinBalanceLimit !== other.withinBalanceLimit) return placed.withinBalanceLimit;
  if (!placed.withinBalanceLimit) return placed.balance < other.balance;
  if (goal === undefined) return placed.survival > other.survival;
  if ("budget" in goal) return placed.survival > other.survival;
  return worthOf(placed, goal) > worthOf(other, goal);
}

function worthOf({ survival, step }: ResilientHostSets, goal: StepWorth): number {
  return goal.worth({ survival, seconds: step!.seconds });
}

/** What a step takes with free shares. */
function stepOf({ cluster, layers }: ResilientProblem, hosts: LayerHosts, costs: StepCost): StepOfPlan {
  const placed = layers.map((layer, l) => placeHosts(cluster, layer, hosts[l]!));
  const cost = planCost({ cluster, layers: placed }, "free");
  return { cost, seconds: stepSeconds(costs, cost) };
}
