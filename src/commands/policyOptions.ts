/** How placements are made: the policy and its settings on the command line. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import { gpuCluster } from "../core/layout/gpuCluster.ts";
import {
  ALLOCATION_POLICIES,
  BALANCE_SLACK,
  choosesReplicas,
  EFFORTS,
  FAILURE_UNITS,
  type FailureUnit,
  OBJECTIVES,
  PLACEMENT_POLICIES,
  type PlacementPolicyName,
  POLICY_DEFAULTS,
  type Policy,
  SHARES,
  type Shares,
  sharesOf,
  usualBalanceSlack,
} from "../core/placement/policy.ts";
import { countedUnits, defaultFailureProbability, sharesDomains } from "../core/recovery/failureUnits.ts";
import { UsageError } from "../errors.ts";
import { planSystems } from "../formats/plans/plan.ts";
import { parseCount, parseNumber } from "../formats/units.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { type Training, trainingOptions } from "./trainingOptions.ts";
import { warn } from "./warn.ts";

export const policyOptions = {
  "min-replicas": option({
    letter: "f",
    argument: "N",
    parse: parseCount(1),
    says: `Copies that every expert has at least, on as many nodes: fewer failures than this never lose one. Default: ${POLICY_DEFAULTS.minReplicas}, or as many as the slots and the nodes hold.`,
  }),
  allocation: choice({
    choices: ALLOCATION_POLICIES,
    fallback: POLICY_DEFAULTS.allocation,
    says: "How many replicas: lazarus in proportion to load (the paper's Eq. 1), even the same for all.",
  }),
  placement: choice({
    choices: PLACEMENT_POLICIES,
    fallback: POLICY_DEFAULTS.placement,
    says: "resilient survives the most failures at even load (host sets chosen for all layers together; the dispatcher sets the shares); balanced seeks even load only, for inference; eplb is DeepSeek's load balancer; mro is the paper's placement; spread goes round the nodes; compact fills node after node.",
  }),
  "balance-slack": option({
    argument: "RATIO|none",
    parse: (text) => (text === "none" ? Number.POSITIVE_INFINITY : parseNumber(0, 1000)(text)),
    says: `How far the busiest GPU of any layer may exceed the mean load, under --shares; resilient only. With none, survival alone counts. Default: ${BALANCE_SLACK}, and none with --objective goodput, which weighs balance itself.`,
  }),
  "failure-unit": choice({
    choices: FAILURE_UNITS,
    says: "What fails as one, for resilient: single GPUs, nodes, or the cluster file's domains; domains where the file has any, else nodes. With gpu, the copies of an expert are on distinct GPUs, of which one node may have several.",
  }),
  "failure-probability": option({
    argument: "P",
    parse: parseNumber(0, 1),
    says: "Probability that a node fails, independently of the others; a GPU's and a domain's as well. Default: 1/N for N units of --failure-unit, at least 0.05, one half of a single one.",
  }),
  shares: choice({
    choices: SHARES.toReversed(),
    says: `What resilient and balanced count on: free lets the dispatcher decide what each replica takes (dispatch-plan does, and SGLang with --ep-dispatch-algorithm lp), even gives all replicas of an expert the same, as serving engines do. The other policies count on even shares. Default: even with --format ${planSystems.join(", ")}, otherwise ${POLICY_DEFAULTS.shares}.`,
  }),
  effort: choice({
    choices: EFFORTS,
    fallback: POLICY_DEFAULTS.effort,
    says: "How long to search, where there is a search.",
  }),
  groups: option({
    argument: "N",
    fallback: String(POLICY_DEFAULTS.groups),
    parse: parseCount(1),
    says: "Expert groups, for eplb: when the nodes divide them, each stays on one node (hierarchical), otherwise they do not matter (global).",
  }),
  objective: choice({
    choices: OBJECTIVES,
    fallback: POLICY_DEFAULTS.objective,
    says: "What resilient is after: survival of as many failures as possible, or goodput, the useful samples per second to be expected; that needs --model, --hardware and --mtbf.",
  }),
  "step-budget": option({
    argument: "RATIO|none",
    parse: (text) => (text === "none" ? Number.POSITIVE_INFINITY : parseNumber(0.01, 100)(text)),
    says: "Longest step that resilient may take for survival's sake, over the step of the paper's placement (with even shares or the dispatcher's, whichever is longer); needs --model and --hardware. Where both cannot be kept, --balance-slack gives way to the budget, never --min-replicas. Slots may stay free. Default: none.",
  }),
  ...trainingOptions,
  seed: option({
    argument: "N",
    fallback: String(POLICY_DEFAULTS.seed),
    parse: parseCount(0, 0x7fffffff),
    says: "Seed of everything that is drawn: the same seed gives the same bytes.",
  }),
};

/**
 * Shares to count on: what the user says, or the document that is read, or else what the engine does that the result is written
 * for, which is said in a line.
 */
export function usualShares(
  { shares, format }: { readonly shares?: Shares | undefined; readonly format?: string | undefined },
  placement: PlacementPolicyName | undefined,
  documented?: Shares,
): Shares | undefined {
  const known = shares ?? documented;
  const system = planSystems.find((name) => name === format);
  if (known !== undefined || system === undefined || placement === undefined || !choosesReplicas({ placement })) return known;
  warn(
    `--format ${system}: placed for even shares, which ${system} has by default; --shares free fits SGLang with --ep-dispatch-algorithm lp`,
  );
  return "even";
}

/**
 * The policy that the options describe.
 * @throws UsageError
 */
export function readPolicy(
  options: OptionValues<typeof policyOptions>,
  cluster: readonly ClusterNode[],
  training: Training | undefined,
  shares: Shares | undefined = options.shares,
): Policy {
  const { placement, allocation, seed, objective, effort, mtbf } = options;
  const minReplicas = options["min-replicas"] ?? POLICY_DEFAULTS.minReplicas;
  const budget = options["step-budget"];
  const stepBudget = budget === Number.POSITIVE_INFINITY ? undefined : budget;
  const resilient = placement === "resilient";
  const failureUnit = resilient ? (options["failure-unit"] ?? defaultFailureUnit(cluster)) : undefined;
  if (failureUnit === "domain" && cluster.every(({ domain }) => domain === undefined))
    throw new UsageError(
      "--failure-unit domain needs domains of the nodes in --cluster FILE; name them there, or leave this out",
    );
  const gpusFail = failureUnit === "gpu";
  const hosts = gpusFail ? gpuCluster(cluster).cluster.length : cluster.length;
  if (options["min-replicas"] !== undefined && minReplicas > hosts) {
    throw new UsageError(
      `--min-replicas ${minReplicas}: ${countedUnits(hosts, gpusFail ? "gpu" : "node")} cannot hold that many copies apart; give at most ${hosts}`,
    );
  }
  if (options.shares === "free" && !choosesReplicas({ placement }))
    throw new UsageError(`--shares free is for --placement resilient and balanced; ${placement} counts on even shares`);
  const goodput = objective === "goodput";
  if (!resilient && (goodput || stepBudget !== undefined)) {
    throw new UsageError(`--${goodput ? "objective" : "step-budget"} is for --placement resilient, not ${placement}`);
  }
  if (gpusFail && (goodput || stepBudget !== undefined)) {
    throw new UsageError(
      `--${goodput ? "objective goodput" : "step-budget"} counts with failing nodes: leave out --failure-unit gpu`,
    );
  }
  if (goodput && (training === undefined || mtbf === undefined)) {
    throw new UsageError("--objective goodput needs --model, --hardware and --mtbf");
  }
  if (goodput && stepBudget !== undefined) {
    throw new UsageError("--step-budget limits --objective survival; goodput weighs the step itself: leave one of them out");
  }
  if (stepBudget !== undefined && training === undefined) throw new UsageError("--step-budget needs --model and --hardware");
  return {
    placement,
    allocation,
    minReplicas,
    seed,
    failureProbability: options["failure-probability"] ?? defaultFailureProbability(hosts),
    groups: placement === "eplb" ? options.groups : undefined,
    shares: sharesOf({ placement, shares }),
    effort: placement === "balanced" || resilient ? effort : undefined,
    balanceSlack: resilient ? (options["balance-slack"] ?? usualBalanceSlack({ objective })) : undefined,
    failureUnit,
    objective: goodput ? objective : undefined,
    stepBudget,
    training: training?.costsOn(cluster),
  };
}

/** Domains fail as one where the cluster has any that nodes share. */
function defaultFailureUnit(cluster: readonly ClusterNode[]): FailureUnit {
  return sharesDomains(cluster) ? "domain" : "node";
}
