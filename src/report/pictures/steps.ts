/** Legends of colours from little to much. */
import type { Swatch } from "./legend.ts";
import { limits, short, stepOf } from "./scales.ts";
import { STEPS } from "./theme.ts";

/** Class of a step among the limits: the fewer there are, the further apart their colours. */
function lookOf(step: number, limits: number): string {
  if (limits === 0) return `s${Math.floor(STEPS / 2) + 1}`;
  return limits >= STEPS - 1 ? `s${step}` : `s${1 + Math.round((step * (STEPS - 2)) / limits)}`;
}

/** A colour scale for counts above 0. */
export interface StepScale {
  readonly lookOf: (value: number) => string;
  readonly swatches: readonly Swatch[];
}

/** Colours for some counts, those of 0 left out; whole numbers that are few have a colour each. */
export function stepScale(values: Iterable<number>, nameOf: (limit: number) => string = short): StepScale {
  let [least, most, areWhole] = [Number.POSITIVE_INFINITY, 0, true];
  for (const value of values) {
    if (value <= 0) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    areWhole &&= Number.isInteger(value);
  }
  if (most === 0) return { lookOf: () => lookOf(0, 0), swatches: [] };
  const areFew = areWhole && most - least < STEPS;
  const found = areFew ? Array.from({ length: most - least }, (_, i) => least + 1 + i) : limits(least, most, STEPS);
  const range = (step: number) => {
    if (areFew) return nameOf(least + step);
    if (step === 0) return found.length === 0 ? `${nameOf(least)}–${nameOf(most)}` : `below ${nameOf(found[0]!)}`;
    const low = nameOf(found[step - 1]!);
    return step === found.length ? `${low} and more` : `${low}–${nameOf(found[step]!)}`;
  };
  return {
    lookOf: (value) => lookOf(stepOf(value, found), found.length),
    swatches: Array.from({ length: found.length + 1 }, (_, step) => ({ name: range(step), look: lookOf(step, found.length) })),
  };
}
