/** Choices from JavaScript, where no compiler looks at them. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { ALLOCATION_POLICIES, EFFORTS, FAILURE_UNITS, OBJECTIVES, PLACEMENT_POLICIES, type Policy, SHARES } from "./policy.ts";

/** @throws RangeError that names the choices, where a policy is none of them */
export function checkPolicy(policy: Policy): void {
  // Without it nothing can be placed; all else has a default.
  checkChoice("placement", policy.placement ?? null, PLACEMENT_POLICIES);
  checkChoice("allocation", policy.allocation, ALLOCATION_POLICIES);
  checkChoice("shares", policy.shares, SHARES);
  checkChoice("failureUnit", policy.failureUnit, FAILURE_UNITS);
  checkChoice("effort", policy.effort, EFFORTS);
  checkChoice("objective", policy.objective, OBJECTIVES);
}
