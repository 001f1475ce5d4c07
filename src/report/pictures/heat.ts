/** Colours for loads around their mean. */
import type { Swatch } from "./legend.ts";
import { stepOf } from "./scales.ts";

/** Multiples of the mean at which the colour changes. */
const AROUND_MEAN = [0.25, 0.5, 0.8, 1.25, 2, 3, 5, 8];

/** Class of a multiple of the mean. */
export function heatOf(timesMean: number): string {
  return `h${stepOf(timesMean, AROUND_MEAN)}`;
}

/** The multiples of the mean that colours stand for. */
export const HEAT_SWATCHES: readonly Swatch[] = [...AROUND_MEAN, undefined].map((limit, step) => ({
  name:
    limit === undefined
      ? `${AROUND_MEAN.at(-1)} x mean and more`
      : step === 0
        ? `below ${limit}`
        : `${AROUND_MEAN[step - 1]}–${limit}`,
  look: `h${step}`,
}));
