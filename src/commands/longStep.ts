/** Words about steps that no training takes. */
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { stepCostCoefficients, stepSeconds } from "../core/cost/stepCost.ts";
import { Infeasible } from "../core/layout/infeasible.ts";
import { warn } from "./warn.ts";

/** Steps of real trainings take seconds. */
const LONG_SECONDS = 600;

/** Warns where a step takes more than ten minutes although loads are even and no failure happens: the hardware does not fit the model. */
export function warnOfLongStep(model: ModelSpec, hardware: HardwareSpec): void {
  const seconds = evenStepSeconds(model, hardware);
  if (seconds === undefined || seconds <= LONG_SECONDS) return;
  const time = seconds < 2 * 3600 ? `${(seconds / 60).toFixed(0)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
  warn(
    `a step of ${model.name} takes ${time} on ${hardware.name}, with even loads and no failures: no training runs so, and what is simulated on it means little; take hardware that was made for it, or a smaller --model`,
  );
}

/** Nothing where the hardware lacks a figure, which is told elsewhere. */
function evenStepSeconds(model: ModelSpec, hardware: HardwareSpec): number | undefined {
  try {
    const coefficients = stepCostCoefficients(model, hardware, 1);
    return stepSeconds(coefficients, { compute: model.layers, traffic: model.layers, sync: 0 });
  } catch (error) {
    if (error instanceof Infeasible) return undefined;
    throw error;
  }
}
