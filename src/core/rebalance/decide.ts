/** Whether moves pay: what they save until the next review, against what the transfers cost. */

/** What a decision is made by. */
export interface DecisionTerms {
  /** Seconds of a step on the plan as it is, and on the new one, under the loads expected. */
  readonly stepSeconds: number;
  readonly newStepSeconds: number;
  /** Steps until plans are reviewed again. */
  readonly steps: number;
  /** Seconds that the transfers take, and the part of them, in [0, 1], that goes on beside the steps and costs nothing. */
  readonly transferSeconds: number;
  readonly overlap: number;
  /** Seconds for which the job stands still beside the transfers. */
  readonly pauseSeconds: number;
  /** How many times its cost a gain must be, so that noise moves nothing: at least 1. */
  readonly hysteresis: number;
}

/** A decision and its sum. */
export interface MoveDecision {
  readonly move: boolean;
  readonly gainSeconds: number;
  readonly costSeconds: number;
  /** Steps after which the cost is paid for; nothing where the new plan is no faster. */
  readonly breakEvenSteps?: number | undefined;
}

/**
 * Moves pay when the steps until the next review save more, by the hysteresis, than the transfers take beyond what goes on beside the
 * steps. Nothing to gain means no move, whatever it costs.
 * @throws RangeError on a term out of its range
 */
export function decide(terms: DecisionTerms): MoveDecision {
  const { stepSeconds, newStepSeconds, steps, transferSeconds, overlap, pauseSeconds, hysteresis } = terms;
  requireWithin("seconds of a step", stepSeconds, 0);
  requireWithin("seconds of a new step", newStepSeconds, 0);
  requireWithin("steps", steps, 0);
  requireWithin("seconds of transfers", transferSeconds, 0);
  requireWithin("overlap", overlap, 0, 1);
  requireWithin("seconds of a pause", pauseSeconds, 0);
  requireWithin("hysteresis", hysteresis, 1);
  const saved = stepSeconds - newStepSeconds;
  const gainSeconds = saved * steps;
  const costSeconds = transferSeconds * (1 - overlap) + pauseSeconds;
  const move = saved > 0 && gainSeconds > hysteresis * costSeconds;
  return { move, gainSeconds, costSeconds, ...(saved > 0 && { breakEvenSteps: Math.ceil(costSeconds / saved) }) };
}

function requireWithin(what: string, value: number, least: number, most = Number.MAX_VALUE): void {
  if (!(value >= least && value <= most)) throw new RangeError(`${what} must be from ${least} to ${most}, got ${value}`);
}
