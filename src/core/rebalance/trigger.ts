/** When a plan is reviewed: rules that a controller carries from one look at the loads to the next. */

/**
 * A rule: the busiest GPU over the mean, or how unequal the GPUs are (standard deviation over mean), each as the mean of the layers; the
 * iterations gone by; or at every look, what pays deciding then.
 */
export type Trigger =
  | { readonly kind: "ratio" | "cv"; readonly above: number }
  | { readonly kind: "every"; readonly iterations: number }
  | { readonly kind: "gain" };

/** What is carried along. */
export interface TriggerState {
  /** Iteration of the last moves, or of the start; nothing where a plan has never been looked at. */
  readonly movedAt?: number | undefined;
  /** Ratio or spread that the last review left, or a smaller one since. */
  readonly left?: number | undefined;
}

/** When a rule may fire again. */
export interface TriggerTerms {
  /** How many times as far off as it was then a plan must be: at least 1. What cannot be levelled is not reviewed at every look. */
  readonly hysteresis: number;
  /** Iterations after moves in which nothing is reviewed. */
  readonly cooldown: number;
}

/**
 * Whether it is time to review a plan.
 * @param iteration of the loads at hand
 * @param level ratio or spread of the plan under them, by what the rule asks; the others do not look at it
 */
export function triggered(
  trigger: Trigger,
  { movedAt = Number.NEGATIVE_INFINITY, left }: TriggerState,
  { iteration, level }: { readonly iteration: number; readonly level: number },
  { hysteresis, cooldown }: TriggerTerms,
): boolean {
  if (iteration - movedAt < cooldown) return false;
  switch (trigger.kind) {
    case "ratio":
      return level > trigger.above && (left === undefined || level - 1 > hysteresis * (left - 1));
    case "cv":
      return level > trigger.above && (left === undefined || level > hysteresis * left);
    case "every":
      return iteration - movedAt >= trigger.iterations;
    case "gain":
      return true;
  }
}
