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

/** Colours for some counts, those of 0 left out. */
export function stepScale(values: Iterable<number>, nameOf: (limit: number) => string = short): StepScale {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) {
    if (value <= 0) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const found = most > least ? limits(least, most, STEPS) : [];
  const look = (value: number) => lookOf(stepOf(value, found), found.length);
  const range = (step: number) => {
    if (step === 0) return `below ${nameOf(found[0]!)}`;
    const low = nameOf(found[step - 1]!);
    return step === found.length ? `${low} and more` : `${low}–${nameOf(found[step]!)}`;
  };
  const swatches =
    found.length > 0
      ? Array.from({ length: found.length + 1 }, (_, step) => ({ name: range(step), look: lookOf(step, found.length) }))
      : most > 0
        ? [{ name: least === most ? nameOf(most) : `${nameOf(least)}–${nameOf(most)}`, look: look(most) }]
        : [];
  return { lookOf: look, swatches };
}
