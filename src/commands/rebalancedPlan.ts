/** `recover` by an incremental policy: few operations on a plan whose nodes stay. */
import type { LayerLoads, Placement } from "../core/layout/placement.ts";
import type { Policy } from "../core/placement/policy.ts";
import { REBALANCING_POLICIES, type RebalancingPolicyName } from "../core/rebalance/rebalance.ts";
import { planRebalance, type RebalancedPlan } from "../core/reconfigure/planRebalance.ts";
import { UsageError } from "../errors.ts";
import { USUAL_THRESHOLD } from "./rebalanceOptions.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";
import type { Training } from "./trainingOptions.ts";
import { warn } from "./warn.ts";

/** The incremental policy that the options name, if they do. @throws UsageError when other options do not go with it, or need it */
export function rebalancingOf(options: RecoveryOptions): RebalancingPolicyName | undefined {
  const by = REBALANCING_POLICIES.find((name) => name === options.placement);
  if (options["least-gain"] !== undefined && by !== "fewest-moves")
    throw new UsageError("--least-gain is for --placement fewest-moves");
  if (by === undefined) {
    if (options["balance-threshold"] === undefined) return undefined;
    throw new UsageError(`--balance-threshold is for --placement ${REBALANCING_POLICIES.join(" and ")}`);
  }
  const other = (["failed", "joined", "drain", "failure-unit"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw new UsageError(
      `--placement ${by} moves experts on the nodes and terms of the plan; recover with --${other} first, by another policy`,
    );
  if (by === "flexmoe" && options.shares === "free")
    throw new UsageError("--shares free: flexmoe counts on even shares; take fewest-moves, or leave it out");
  if (options.profile === undefined) throw new UsageError(`--placement ${by} needs newer loads: pass --profile`);
  if (options.prefer !== "auto")
    throw new UsageError(`--prefer ${options.prefer}: --placement ${by} always repairs; leave it out`);
  return by;
}

/** Rebalances, and says in a line where nothing could be done. */
export function rebalanceBy(
  by: RebalancingPolicyName,
  options: RecoveryOptions,
  {
    old,
    policy,
    loads,
    expertBytes,
    training,
  }: {
    readonly old: Placement;
    readonly policy: Policy | undefined;
    readonly loads: readonly LayerLoads[];
    readonly expertBytes: number;
    /** The job, by the steps of which moves are judged; load alone without it. */
    readonly training: Training | undefined;
  },
): RebalancedPlan & { readonly joined: readonly [] } {
  if (policy === undefined)
    throw new UsageError(
      `--placement ${by}: the plan was made by none of our policies; place anew by one first, such as --placement balanced`,
    );
  const threshold = options["balance-threshold"] ?? USUAL_THRESHOLD;
  const plan = planRebalance({
    old,
    loads,
    by,
    policy,
    threshold,
    maxMoves: options["max-moves"],
    leastGain: options["least-gain"],
    step: training?.costsOn(old.cluster),
    speed: { expertBytes, bandwidth: options.bandwidth, detectSeconds: 0, regroupSeconds: options.regroup },
  });
  const { stuck, operations } = plan;
  if (stuck.length > 0)
    warn(
      `layers above the threshold in which nothing can move, as no slot is free and no expert is on more than ${policy.minReplicas} nodes: ${stuck.join(", ")}`,
    );
  else if (operations.length === 0)
    warn(`nothing moves: no layer is above ${threshold}, or whatever makes one more even survives less`);
  return plan;
}
