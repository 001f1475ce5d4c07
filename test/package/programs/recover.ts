import { planRecovery, type RecoveryProblem } from "lazarus-moe";
import { checkPlacementOrRecovery, placementOf, policyNameOf, policyOf, recoveryPlanDocument } from "lazarus-moe/formats";

/** A placement without one of its nodes, repaired. */
export function recover(plan: string, failed: readonly number[]): string {
  const document = checkPlacementOrRecovery(JSON.parse(plan), "placement.json");
  const old = placementOf(document);
  const speed = { expertBytes: 117_440_512, bandwidth: 12.5e9, detectSeconds: 15, regroupSeconds: 10 };
  const policy = policyOf(document);
  const problem: RecoveryProblem = {
    old,
    madeBy: policyNameOf(document),
    failed,
    policy: policy && { ...policy, effort: "fast" },
    prefer: "repair",
    speed,
  };
  const recovery = planRecovery(problem);
  if (!recovery.recoverable) throw new Error(recovery.because);
  return JSON.stringify(
    recoveryPlanDocument(recovery, old.cluster, { failed, failedGpus: [] }, [], { bytes: speed.expertBytes }),
  );
}
