/** A placement and the options of `recover` as a problem of the core, and the core's refusals as mistakes in the options. */
import type { Infeasible } from "../core/layout/infeasible.ts";
import { choosesReplicas } from "../core/placement/policy.ts";
import type { RecoveryProblem, RecoverySpeed } from "../core/reconfigure/planRecovery.ts";
import { UsageError } from "../errors.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";

/** What happened to a placement, and the policy to make a new one by. */
type Happened = Pick<
  RecoveryProblem,
  "old" | "madeBy" | "policy" | "failed" | "failedGpus" | "drained" | "joined" | "joinedGpus" | "loads" | "restorable"
> &
  Pick<RecoverySpeed, "expertBytes">;

/** What the options make of it. */
export function recoveryProblem(
  options: RecoveryOptions,
  { expertBytes, ...happened }: Happened,
  watch: () => void,
): RecoveryProblem {
  const { mapping, spill, bandwidth, effort, slots, gpus } = options;
  const { policy } = happened;
  const failureUnit = options["failure-unit"] ?? policy?.failureUnit;
  if (options["failure-unit"] !== undefined && policy !== undefined && policy.placement !== "resilient") {
    throw new UsageError(`--failure-unit is for --placement resilient, not ${policy.placement}`);
  }
  return {
    ...happened,
    slots,
    gpus,
    policy: policy && { ...policy, failureUnit, ...(choosesReplicas(policy) && { effort }), watch },
    mapping,
    maxMoves: options["max-moves"],
    prefer: options.prefer,
    spill: spill === "cpu",
    speed: {
      expertBytes,
      bandwidth,
      detectSeconds: options.detect,
      regroupSeconds: options.regroup,
      rates: options.restore,
    },
  };
}

/** What the core refuses, in the words of the command line. */
export function inOptions({ about, message }: Infeasible, madeBy: string): UsageError {
  switch (about) {
    case "slots":
    case "gpus":
      return new UsageError(`the nodes differ in ${about}; say with --${about} how many the joined nodes have`);
    case "failed":
      return new UsageError(`--failed: ${message}`);
    case "drained":
      return new UsageError(`--drain: ${message}`);
    case "joined":
      return new UsageError(`--joined: ${message}`);
    case "loads":
      return new UsageError(`--profile: ${message}`);
    case "policy":
      return new UsageError(
        `the placement was made by "${madeBy}", which is none of ours; name a policy for the new one with --placement`,
      );
    default:
      return new UsageError(message);
  }
}
