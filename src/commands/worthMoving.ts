/** Whether a plan for newer loads saves more than it costs. */
import { planCost } from "../core/cost/planCost.ts";
import { stepSeconds } from "../core/cost/stepCost.ts";
import { withLiveGpus } from "../core/layout/cluster.ts";
import type { LayerLoads, Placement } from "../core/layout/placement.ts";
import { sharesOf } from "../core/placement/policy.ts";
import type { Recovery } from "../core/reconfigure/planRecovery.ts";
import { UsageError } from "../errors.ts";
import type { RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";
import { readTraining, type Training } from "./trainingOptions.ts";
import { warn } from "./warn.ts";

/** The job to count steps of, with --if-worth. @throws UsageError when other options do not go with it, or need it */
export async function readWorth(options: RecoveryOptions): Promise<Training | undefined> {
  if (!options["if-worth"]) {
    if (options.hardware !== undefined) throw new UsageError("--hardware is for --if-worth");
    return undefined;
  }
  const other = (["failed", "joined", "drain"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined) throw new UsageError(`--if-worth weighs newer loads alone; with --${other} there is no choice`);
  const { model, hardware } = options;
  if (options.profile === undefined || model === undefined || hardware === undefined)
    throw new UsageError("--if-worth needs --profile, --model and --hardware");
  return readTraining({ model, hardware, mtbf: undefined, "gradient-accumulation": undefined });
}

/** What moving gains until the next review, and costs, which is said in a line. */
export function decisionOn(
  recovery: Recovery,
  old: Placement,
  loads: readonly LayerLoads[],
  training: Training,
  reviewSteps: number,
): NonNullable<RecoveryPlanDocument["decision"]> {
  if (!recovery.recoverable || (recovery.placement.spilled ?? []).length > 0)
    throw new UsageError("--if-worth: experts wait in host memory, so that a step's time is unknown; leave it out");
  const { placement, policy, seconds } = recovery;
  const secondsOf = ({ cluster, layers }: Placement) => {
    const live = { cluster: withLiveGpus(cluster), layers };
    return stepSeconds(training.costsOn(cluster), planCost(live, sharesOf(policy)));
  };
  const layers = old.layers.map((layer) => ({ ...layer, ...loads.find((newer) => newer.layer === layer.layer) }));
  const saved = secondsOf({ ...old, layers }) - secondsOf(placement);
  const gainSeconds = saved * reviewSteps;
  const costSeconds = seconds.transferSeconds + seconds.regroupSeconds;
  const move = gainSeconds > costSeconds;
  const breakEvenSteps = saved > 0 ? Math.ceil(costSeconds / saved) : undefined;
  const after = breakEvenSteps === undefined ? "never pays off" : `pays off after ${breakEvenSteps} steps`;
  warn(
    `${move ? "moves" : "stays as it is"}: moving saves ${gainSeconds.toPrecision(3)} s in ${reviewSteps} steps, costs ${costSeconds.toPrecision(3)} s, ${after}`,
  );
  return { move, gainSeconds, costSeconds, reviewSteps, ...(breakEvenSteps !== undefined && { breakEvenSteps }) };
}
