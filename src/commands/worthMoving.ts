/** Whether a plan for newer loads saves more than it costs. */
import { planCost } from "../core/cost/planCost.ts";
import { stepSeconds } from "../core/cost/stepCost.ts";
import { withLiveGpus } from "../core/layout/cluster.ts";
import type { Placement } from "../core/layout/placement.ts";
import { sharesOf } from "../core/placement/policy.ts";
import { decide, type MoveDecision } from "../core/rebalance/decide.ts";
import type { GoesOn } from "../core/reconfigure/planRecovery.ts";
import { UsageError } from "../errors.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";
import { readTraining, type Training } from "./trainingOptions.ts";

/** The job that steps are timed of, where the options name it. @throws UsageError when it is needed and not there */
export async function readTimedJob(options: RecoveryOptions): Promise<Training | undefined> {
  const { model, hardware, trigger } = options;
  const weighs = options["if-worth"] || trigger?.kind === "gain";
  if (model === undefined || hardware === undefined) {
    if (weighs) throw new UsageError(`--${options["if-worth"] ? "if-worth" : "trigger gain"} needs --model and --hardware`);
    if (hardware !== undefined) throw new UsageError("--hardware times steps together with --model; give both");
    return undefined;
  }
  return readTraining({ model, hardware, mtbf: undefined, "gradient-accumulation": undefined });
}

/**
 * What moving gains until the next review, and costs.
 * @param now the plan as it is, under the newer loads
 */
export function weighed(
  recovery: GoesOn,
  now: Placement,
  training: Training,
  options: Pick<RecoveryOptions, "review-steps" | "overlap" | "hysteresis">,
): MoveDecision {
  if ((recovery.placement.spilled ?? []).length > 0)
    throw new UsageError(
      "experts wait in host memory, so that a step's time is unknown; leave --if-worth and --trigger gain out",
    );
  const { placement, policy, seconds } = recovery;
  const secondsOf = ({ cluster, layers }: Placement) => {
    const live = { cluster: withLiveGpus(cluster), layers };
    return stepSeconds(training.costsOn(cluster), planCost(live, sharesOf(policy)));
  };
  return decide({
    stepSeconds: secondsOf(now),
    newStepSeconds: secondsOf(placement),
    steps: options["review-steps"],
    transferSeconds: seconds.transferSeconds,
    pauseSeconds: seconds.regroupSeconds,
    overlap: options.overlap,
    hysteresis: options.hysteresis,
  });
}

/** The sum in words. */
export function weighedText({ gainSeconds, costSeconds, breakEvenSteps }: MoveDecision, reviewSteps: number): string {
  const after = breakEvenSteps === undefined ? "never pays off" : `pays off after ${breakEvenSteps} steps`;
  return `moving saves ${gainSeconds.toPrecision(3)} s in ${reviewSteps} steps, costs ${costSeconds.toPrecision(3)} s, ${after}`;
}
