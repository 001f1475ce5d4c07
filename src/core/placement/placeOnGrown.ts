/** What a policy makes of a cluster that has grown, and never less than what there was before. */
import type { ClusterNode } from "../layout/cluster.ts";
import type { Placement } from "../layout/placement.ts";
import { type Assessment, assess, type Resilience } from "./assess.ts";
import { fillSlots, onGrownCluster } from "./growth.ts";
import { makePlacement } from "./makePlacement.ts";
import { type Policy, sharesOf, usualBalanceSlack } from "./policy.ts";

/** A placement with its figures. */
export interface Assessed<T extends Placement = Placement> {
  readonly placement: T;
  readonly assessment: Assessment;
}

/** Probabilities that differ by less differ by rounding. */
const ROUNDING = 1e-9;
/** Balances that differ by less are equal, as in the searches. */
const CLOSE = 1e-4;

/**
 * Places the layers of a placement on a cluster that has grown: by the policy, or, where that survives less or is less even than the
 * balance limit and the old plan allow, as they are with the new slots filled, or left free. Survival is never less than before; no
 * balance is worse unless nothing else survives as much.
 * @param before the placement as it is
 * @throws Infeasible when the policy cannot place on such a cluster
 */
export function placeOnGrown(before: Assessed, grown: readonly ClusterNode[], policy: Policy): Assessed {
  const { layers } = before.placement;
  const allowed = Math.max(limitOf(policy), balanceOf(before.assessment, policy));
  const excess = ({ assessment }: Assessed) => Math.max(0, balanceOf(assessment, policy) - allowed);
  let best: Assessed | undefined;
  for (const placement of candidates()) {
    const candidate = { placement, assessment: assess(placement, policy) };
    if (!survivesNoLess(candidate.assessment, before.assessment)) continue;
    if (best === undefined || isBetter(candidate, best)) best = candidate;
    if (excess(best) <= CLOSE) return best;
  }
  if (best !== undefined) return best;
  // Only where probabilities are drawn can a plan seem to survive less than itself.
  const kept = onGrownCluster(before.placement, grown);
  return { placement: kept, assessment: assess(kept, policy) };

  function* candidates(): Generator<Placement> {
    yield makePlacement(grown, layers, policy);
    const kept = onGrownCluster(before.placement, grown);
    // Where a step has a price, so have copies.
    if (policy.objective !== "goodput" && policy.stepBudget === undefined) {
      yield fillSlots(kept, "rarest");
      yield fillSlots(kept, "hottest");
    }
    yield kept;
  }

  function isBetter(one: Assessed, other: Assessed): boolean {
    const apart = excess(one) - excess(other);
    return Math.abs(apart) > CLOSE ? apart < 0 : one.assessment.survival.probability > other.assessment.survival.probability;
  }
}

/** Load of the busiest over the mean that a policy allows. */
function limitOf(policy: Policy): number {
  return policy.placement === "resilient" ? 1 + (policy.balanceSlack ?? usualBalanceSlack(policy)) : 1;
}

function balanceOf({ balance }: Assessment, policy: Policy): number {
  return sharesOf(policy) === "free" ? balance.optimal : balance.even;
}

/** Whether a plan survives no less than one on as many nodes or fewer: in all, in the failures that the other always survives, and in the first it may not. */
function survivesNoLess(one: Assessment, other: Assessment): boolean {
  // GPUs' figures are sampled on all but small clusters.
  return (["node", "domain"] as const).every((unit) => {
    const [mine, theirs] = [one.byUnit[unit], other.byUnit[unit]];
    return mine === undefined || theirs === undefined || holds(mine, theirs);
  });
}

function holds({ recovery, survival }: Resilience, other: Resilience): boolean {
  const { tolerates, failures } = other.recovery;
  const fatal = failures[tolerates]?.probability ?? 0;
  return (
    survival.probability >= other.survival.probability - ROUNDING &&
    recovery.tolerates >= tolerates &&
    (recovery.failures[tolerates]?.probability ?? 0) >= fatal - ROUNDING
  );
}
