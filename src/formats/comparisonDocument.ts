/** From compared plans to the document. */
import type { Compared } from "../core/comparison/comparePlans.ts";
import { paybackSteps } from "../core/comparison/paybackSteps.ts";
import type { Ages } from "../core/comparison/replay.ts";
import { totalGpus, withLiveGpus } from "../core/layout/cluster.ts";
import type { Placement } from "../core/layout/placement.ts";
import type { Resilience } from "../core/placement/assess.ts";
import { FAILURE_UNITS } from "../core/placement/policy.ts";
import type { ComparedPlan } from "./documents/comparison.ts";

/** Numbers of failures that are written. */
const FAILURES = 4;

/** What moving replicas takes, as far as it is known. */
export interface MovePrice {
  readonly expertBytes?: number | undefined;
  /** Of a node, each way. */
  readonly bytesPerSecond?: number | undefined;
}

/** What is known of a plan beside its figures. */
export interface NamedPlan {
  readonly name: string;
  readonly policy: string;
  readonly placement: Placement;
  readonly ages?: Ages | undefined;
}

/** @param first the first plan's figures */
export function comparedPlan(
  { name, policy, placement, ages }: NamedPlan,
  figures: Compared,
  first: Compared,
  price: MovePrice,
): ComparedPlan {
  const { assessment, moves, traffic, stepSeconds } = figures;
  const { even, evenMean, optimal, optimalMean } = assessment.balance;
  const units = FAILURE_UNITS.flatMap((unit) => {
    const level = assessment.byUnit[unit];
    return level === undefined ? [] : [[unit, { count: level.recovery.failures.length, ...resilienceFields(level) }] as const];
  });
  const { expertBytes, bytesPerSecond } = price;
  const payback =
    moves &&
    stepSeconds !== undefined &&
    first.stepSeconds !== undefined &&
    expertBytes !== undefined &&
    bytesPerSecond !== undefined
      ? paybackSteps((moves.rounds * expertBytes) / bytesPerSecond, first.stepSeconds, stepSeconds)
      : undefined;
  return {
    name,
    policy,
    nodes: placement.cluster.length,
    ranks: totalGpus(withLiveGpus(placement.cluster)),
    slots: figures.slots,
    duplicates: figures.duplicates,
    free: figures.free,
    ...resilienceFields(assessment),
    ...(units.length > 1 ? { byUnit: Object.fromEntries(units) } : {}),
    // Means over many layers may come out a rounding below 1.
    balance: { even, evenMean: Math.max(1, evenMean), optimal, optimalMean: Math.max(1, optimalMean) },
    ...(ages && { steps: { ...ages.steps }, worstLayer: { ...ages.worstLayer } }),
    ...(ages && Object.keys(ages.dispatch).length > 0 && { dispatch: structuredClone(ages.dispatch) }),
    ...(traffic && { traffic: { ...traffic } }),
    ...(moves && { moved: moves.moved }),
    ...(moves && expertBytes !== undefined && { bytesMoved: moves.moved * expertBytes }),
    ...(stepSeconds === undefined ? {} : { stepSeconds }),
    ...(payback === undefined ? {} : { paybackSteps: payback }),
  };
}

function resilienceFields({ recovery, survival }: Resilience) {
  return {
    failures: recovery.failures.slice(0, FAILURES).map(({ failed, probability, interval }) => ({
      failed,
      probability,
      ...(interval && { interval: [interval[0], interval[1]] as [number, number] }),
    })),
    tolerates: recovery.tolerates,
    survival: survival.probability,
    ...(survival.interval && { survivalInterval: [survival.interval[0], survival.interval[1]] as [number, number] }),
  };
}
