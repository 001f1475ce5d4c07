/** recovery-plan: what survives a change of nodes, the new placement, and the transfers that lead to it. */
import * as z from "zod/mini";
import { InputError } from "../../errors.ts";
import { operation } from "./operation.ts";
import { checkConsistency, checkPlacement, isAlive, type PlacementDocument, placementSchema } from "./placement.ts";
import { amount, checkDocument, count, nodeName, positiveCount, window } from "./schema.ts";

/** What a way to a new placement costs and gives; balance and excess are of ranks under the policy's shares. */
const way = z.object({
  moves: count,
  transferSeconds: amount,
  survival: amount,
  balance: amount,
  excess: amount,
  lowestSurvival: z.optional(amount),
});

/** What newer loads led to, and what a controller carries along to the next ones. */
const decision = z.object({
  move: z.boolean(),
  /** Of the loads that were decided on: their last iteration. */
  iteration: z.optional(count),
  /** With --if-worth: what moving saves until the next review, what it costs, and when it has paid off, if ever. */
  gainSeconds: z.optional(z.number()),
  costSeconds: z.optional(amount),
  reviewSteps: z.optional(positiveCount),
  breakEvenSteps: z.optional(count),
  /** With --trigger: the rule, and what it measured. */
  trigger: z.optional(z.string()),
  level: z.optional(amount),
  /** Iteration of the last moves, and the level that the last review left. */
  movedAt: z.optional(count),
  left: z.optional(amount),
});

export const recoveryPlanSchema = z.object({
  type: z.literal("recovery-plan"),
  version: z.literal(1),
  /** Iterations that the loads are of, where there are plans for several windows. */
  window: z.optional(window),
  /** How many recoveries led to this plan from a placement, which is of generation 0. */
  generation: z.optional(count),
  /** SHA-256 of the plan that it was made from, as `sha256sum` prints it. */
  follows: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
  recoverable: z.boolean(),
  failed: z.array(nodeName),
  joined: z.array(nodeName),
  /** Nodes that leave after handing over what they hold: they send, and are not in the placement. */
  drained: z.optional(z.array(nodeName)),
  /** Nodes that failed or were drained in this recovery and all before it, and have not joined again. */
  failedSoFar: z.optional(z.array(nodeName)),
  /** Experts without a live host. */
  lost: z.array(z.object({ layer: count, expert: count })),
  /** Why there is no new placement although nothing is lost. */
  reason: z.optional(z.string()),
  /** Experts that wait in host memory, because the live nodes have fewer slots than there are experts. */
  spilled: z.optional(placementSchema.shape.spilled),
  placement: z.optional(placementSchema),
  moved: z.optional(count),
  transfers: z.optional(
    z.array(
      z.object({
        layer: count,
        expert: count,
        from: nodeName,
        to: nodeName,
        bytes: positiveCount,
        round: count,
        /** Where the sender has it, unless in a slot. */
        source: z.optional(z.literal("host")),
      }),
    ),
  ),
  /** Experts that lived nowhere: copies that nodes take out of host memory (`from`, over the network unless it is `to`) or the store. */
  restored: z.optional(
    z.array(
      z.object({
        layer: count,
        expert: count,
        tier: z.enum(["host", "store"]),
        from: z.optional(nodeName),
        to: nodeName,
        bytes: positiveCount,
        /** After the beginning of the transfers. */
        seconds: amount,
        /** How old the copy is. */
        ageSeconds: z.optional(amount),
      }),
    ),
  ),
  /** With --if-worth or --trigger: whether the plan moves, and why. */
  decision: z.optional(decision),
  /** With an incremental policy: what it did, in order. */
  operations: z.optional(z.array(operation)),
  /** What repairing and placing anew came to, as far as they were looked at, and which the plan is. */
  repair: z.optional(z.object({ taken: z.enum(["repair", "anew"]), repair: z.optional(way), anew: z.optional(way) })),
  /** What came of acting the plan out, with --rehearse. */
  rehearsal: z.optional(
    z.object({
      passed: z.boolean(),
      killed: z.readonly(z.array(nodeName)),
      transfers: count,
      bytesMoved: count,
      /** Experts read from files that stand for the store. */
      read: z.optional(count),
      faults: z.readonly(z.array(z.string())),
    }),
  ),
  time: z.optional(
    z.object({
      detectSeconds: amount,
      regroupSeconds: amount,
      transferSeconds: amount,
      lowerBoundSeconds: amount,
      /** When each tier is done, where experts are restored; what came from the store is sent on after it. */
      tiers: z.optional(z.object({ network: amount, host: amount, store: amount })),
    }),
  ),
});

/** A recovery-plan document. */
export type RecoveryPlanDocument = z.infer<typeof recoveryPlanSchema>;

/**
 * Checks a parsed recovery-plan, its schema and what a schema cannot say.
 * @throws InputError
 */
export function checkRecoveryPlan(value: unknown, source: string): RecoveryPlanDocument {
  const plan = checkDocument(recoveryPlanSchema, "recovery-plan", value, source);
  return plan.placement === undefined ? plan : { ...plan, placement: checkConsistency(plan.placement, source) };
}

/** What came before a plan. */
export interface PlanHistory {
  readonly generation: number;
  /** Nodes that failed or left, and have not joined again. */
  readonly gone: readonly string[];
}

/** A placement, and what came before it. */
export interface FollowedPlan {
  readonly placement: PlacementDocument;
  readonly history: PlanHistory;
  /** What a controller carries along: the last decision on newer loads. */
  readonly reviewed?: RecoveryPlanDocument["decision"];
}

/** Of a plan that no recovery led to. */
export const NO_HISTORY: PlanHistory = { generation: 0, gone: [] };

/** What a placement says of what came before it: dead nodes keep their ranks. */
export function placedHistory({ nodes }: PlacementDocument): PlanHistory {
  return { ...NO_HISTORY, gone: nodes.filter((node) => !isAlive(node)).map(({ name }) => name) };
}

/**
 * Checks a placement, or takes the new placement out of a recovery-plan.
 * @throws InputError, for a recovery-plan that is not recoverable, too
 */
export function checkPlacementOrRecovery(value: unknown, source: string): PlacementDocument {
  return checkFollowedPlan(value, source).placement;
}

/**
 * Checks a placement, or takes the new placement out of a recovery-plan, with its history.
 * @throws InputError, for a recovery-plan that is not recoverable, too
 */
export function checkFollowedPlan(value: unknown, source: string): FollowedPlan {
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (type !== "recovery-plan") {
    const placement = checkPlacement(value, source);
    return { placement, history: placedHistory(placement) };
  }
  const plan = checkRecoveryPlan(value, source);
  if (plan.placement === undefined) {
    throw new InputError(
      "this recovery-plan is not recoverable, so it holds no placement; restart from a checkpoint with `lazarus place`",
      {
        file: source,
      },
    );
  }
  return followedOf(plan, plan.placement);
}

/** What the next command reads of a recovery-plan. */
export function followedOf(
  // Plans of earlier versions say what failed last alone.
  { failed, failedSoFar = failed, generation = 1, decision }: RecoveryPlanDocument,
  placement: PlacementDocument,
): FollowedPlan {
  const here = new Set(placement.nodes.filter(isAlive).map(({ name }) => name));
  const isNode = (name: string) => !here.has(name) && !here.has(name.slice(0, Math.max(0, name.lastIndexOf(":"))));
  const gone = new Set([...failedSoFar.filter(isNode), ...placedHistory(placement).gone]);
  const history = { generation, gone: [...gone] };
  return decision === undefined ? { placement, history } : { placement, history, reviewed: decision };
}
