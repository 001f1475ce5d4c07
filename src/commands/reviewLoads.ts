/** `recover` by newer loads alone: whether the plan moves, decided for one load-profile or for each of a series. */
import { cleanJson } from "../cleanText.ts";
import type { LayerLoads, Placement } from "../core/layout/placement.ts";
import { PLACEMENT_POLICIES, sharesOf } from "../core/placement/policy.ts";
import { searchSeconds } from "../core/placement/sizeLimits.ts";
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import type { Operation } from "../core/rebalance/operations.ts";
import { planRatio, planSpread } from "../core/rebalance/planLevel.ts";
import type { RebalancingPolicyName } from "../core/rebalance/rebalance.ts";
import { type Trigger, triggered } from "../core/rebalance/trigger.ts";
import {
  type GoesOn,
  matchingLoads,
  planRecovery,
  type Recovery,
  type RecoveryProblem,
} from "../core/reconfigure/planRecovery.ts";
import { UsageError } from "../errors.ts";
import { hostCopiesOf, placementOf } from "../formats/documents/placement.ts";
import type { FollowedPlan, RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { policyNameOf, policyOf } from "../formats/policyFields.ts";
import { recoveryPlanDocument, unchangedPlan } from "../formats/recoveryPlanDocument.ts";
import { fingerprint } from "../io/fingerprint.ts";
import { announce } from "./announce.ts";
import { carriedOver } from "./carriedOver.ts";
import { usualShares } from "./policyOptions.ts";
import { withStopwatch } from "./progress.ts";
import { rebalanceBy } from "./rebalancedPlan.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";
import { inOptions, recoveryProblem } from "./recoveryProblem.ts";
import { namingRefusals } from "./refusals.ts";
import type { Training } from "./trainingOptions.ts";
import { warn } from "./warn.ts";
import { weighed, weighedText } from "./worthMoving.ts";
import { triggerText } from "./worthOptions.ts";

type Options = RecoveryOptions;

/** Whether loads are reviewed, and do not simply lead to a new plan. @throws UsageError when other options do not go with that */
export function reviews(options: Options): boolean {
  const asked = options["if-worth"] ? "if-worth" : options.trigger === undefined ? undefined : "trigger";
  if (asked === undefined) {
    if (options.follow) throw new UsageError("--follow decides on loads that go on coming: add --if-worth or --trigger");
    return false;
  }
  const other = (["failed", "joined", "drain", "restore"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined) throw new UsageError(`--${asked} weighs newer loads alone; with --${other} there is no choice`);
  return true;
}

/** A plan, and the SHA-256 of its document. */
export interface Reviewed extends FollowedPlan {
  readonly follows: string;
}

/** What a review is made with. */
export interface ReviewTerms {
  readonly by: RebalancingPolicyName | undefined;
  readonly training: Training | undefined;
  readonly expertBytes: number;
}

/** What moves, and from what. */
export interface Moved {
  readonly recovery: GoesOn & Pick<Recovery, "joined"> & { readonly operations?: readonly Operation[] };
  readonly old: Placement;
}

/** A decision, and what led to it. */
export interface ReviewedPlan {
  readonly document: RecoveryPlanDocument;
  /** There where the plan moves. */
  readonly moved?: Moved;
}

/** Decides on a plan by newer loads, and says in a line what and why. */
export async function review(options: Options, plan: Reviewed, newer: LoadProfile, terms: ReviewTerms): Promise<ReviewedPlan> {
  const { placement: document, history, reviewed = { move: false }, follows } = plan;
  const old = placementOf(document);
  const named = PLACEMENT_POLICIES.find((name) => name === options.placement);
  const wanted = named ?? policyNameOf(document);
  const madeBy = policyNameOf(document);
  const policy = policyOf(document, named, usualShares(options, wanted, document.policy.shares));
  const origin = { window: document.window, history, follows };
  const layers = namingRefusals(
    () => matchingLoads(old.layers, newer.layers),
    (refusal) => inOptions(refusal, document.policy.placement),
  );
  const now = { ...old, layers: old.layers.map((layer, l) => ({ ...layer, loads: layers[l]!.loads })) };
  const shares = policy === undefined ? "even" : sharesOf(policy);
  const iteration = newer.window.to;
  const { trigger } = options;
  const level = trigger === undefined ? undefined : levelOf(trigger, now, shares);
  const stays = (why: string, decision: Partial<Decision>): ReviewedPlan => {
    warn(`iteration ${iteration}: stays as it is: ${why}`);
    const { movedAt } = reviewed;
    const left = leastLevel(reviewed.left, level);
    const carried = { move: false, iteration, ...(movedAt !== undefined && { movedAt }), ...(left !== undefined && { left }) };
    return { document: { ...unchangedPlan(document, origin), decision: { ...carried, ...said(trigger, level), ...decision } } };
  };
  if (trigger !== undefined && !triggered(trigger, reviewed, { iteration, level: level ?? 0 }, options))
    return stays(`${triggerText(trigger)} does not ask for moves${level === undefined ? "" : ` at ${level.toFixed(3)}`}`, {});
  const left = level === undefined ? {} : { left: level };
  const recovery = await recoveryBy(options, terms, { policy, madeBy, old, loads: layers });
  const changes = recovery.change.transfers.length > 0 || (recovery.operations?.length ?? 0) > 0;
  if (!changes) return stays("nothing would move", left);
  const weighs = terms.training !== undefined && (options["if-worth"] || trigger?.kind === "gain");
  const sum = weighs ? weighed(recovery, now, terms.training!, options) : undefined;
  const steps = options["review-steps"];
  const figures = sum && {
    gainSeconds: sum.gainSeconds,
    costSeconds: sum.costSeconds,
    reviewSteps: steps,
    ...(sum.breakEvenSteps !== undefined && { breakEvenSteps: sum.breakEvenSteps }),
  };
  if (sum?.move === false) return stays(weighedText(sum, steps), { ...figures, ...left });
  const copies = recovery.change.transfers.length;
  warn(
    `iteration ${iteration}: moves${copies === 0 ? ", nothing is fetched" : ` ${copies} cop${copies === 1 ? "y" : "ies"}`}${sum === undefined ? "" : `: ${weighedText(sum, steps)}`}`,
  );
  const after = trigger && levelOf(trigger, recovery.placement, sharesOf(recovery.policy));
  return {
    moved: { recovery, old },
    document: {
      ...recoveryPlanDocument(recovery, old.cluster, { failed: [], failedGpus: [] }, [], {
        bytes: terms.expertBytes,
        ...origin,
        ...carriedOver(options, document, recovery, hostCopiesOf(document)),
      }),
      decision: {
        move: true,
        iteration,
        movedAt: iteration,
        ...said(trigger, level),
        ...(after !== undefined && { left: after }),
        ...figures,
      },
    },
  };
}

/** The plan that a decision leads to, for the next one. */
export function followed(document: RecoveryPlanDocument, { history }: FollowedPlan): Reviewed {
  const hash = fingerprint();
  hash.add(Buffer.from(`${cleanJson(JSON.stringify(document))}\n`));
  return {
    placement: document.placement!,
    history: { ...history, generation: document.generation! },
    reviewed: document.decision,
    follows: hash.hex(),
  };
}

type Decision = NonNullable<RecoveryPlanDocument["decision"]>;

/** What a rule measures against from then on: a plan that was more even meanwhile may be made so again. */
function leastLevel(left: number | undefined, level: number | undefined): number | undefined {
  return left === undefined || level === undefined ? left : Math.min(left, level);
}

function said(trigger: Trigger | undefined, level: number | undefined): Partial<Decision> {
  return { ...(trigger && { trigger: triggerText(trigger) }), ...(level !== undefined && { level }) };
}

function levelOf(trigger: Trigger, plan: Placement, shares: "even" | "free"): number | undefined {
  if (trigger.kind === "ratio") return planRatio(plan, shares);
  if (trigger.kind !== "cv") return undefined;
  if (shares === "free") throw new UsageError("--trigger cv is for even shares; with free ones take ratio");
  return planSpread(plan);
}

type Plannable = Pick<RecoveryProblem, "policy" | "madeBy" | "old"> & { readonly loads: readonly LayerLoads[] };

function recoveryBy(options: Options, { by, expertBytes, training }: ReviewTerms, given: Plannable): Promise<Moved["recovery"]> {
  const { old, policy, madeBy } = given;
  if (policy?.placement === "resilient" && by === undefined) announce("planning", searchSeconds(old.cluster, old.layers.length));
  return withStopwatch("planning", (watch) =>
    namingRefusals(
      () => {
        if (by !== undefined) return rebalanceBy(by, options, { ...given, policy, expertBytes, training });
        const recovery = planRecovery(recoveryProblem(options, { ...given, failed: [], failedGpus: [], expertBytes }, watch));
        if (!recovery.recoverable) throw new UsageError(`the plan cannot be placed anew: ${recovery.because}`);
        return recovery;
      },
      (refusal) => inOptions(refusal, madeBy ?? "another system"),
    ),
  );
}
