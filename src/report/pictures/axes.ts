/** Axes that plots have in common. */
import type { Axis } from "./linePlot.ts";
import { tickNames, ticks } from "./scales.ts";
import { toldApart } from "./text.ts";

/** Ticks of an axis of numbers. */
const WANTED = 5;
/** Pixels of a name below an axis. */
const LONGEST_NAME = 90;
/** Loads over the mean up to here are drawn at one scale. */
const LEAST_IMBALANCE = 1.1;

/** An axis of numbers, from and to round ones. */
export function numberAxis(title: string, values: readonly number[], name: (value: number) => string = String): Axis {
  const [from, to] = ends(values);
  const step = ticks(from, to, WANTED);
  const gap = step.length > 1 ? step[1]! - step[0]! : to - from;
  const low = Math.floor(from / gap + 1e-9) * gap;
  const high = Math.max(Math.ceil(to / gap - 1e-9) * gap, low + gap);
  const found = ticks(low, high, Math.round((high - low) / gap));
  const names = name === String ? tickNames(found) : found.map(name);
  return { title, from: low, to: high, ticks: found.map((at, i) => ({ at, name: names[i]! })) };
}

/** Loads over their mean: from 1, and so far that a hundredth does not look like much. */
export function balanceAxis(title: string, values: readonly number[]): Axis {
  return numberAxis(title, [1, LEAST_IMBALANCE, ...values]);
}

/** An axis that ends where its values end: of times, iterations, numbers of things. */
export function wholeAxis(title: string, from: number, to: number, wanted = 8): Axis {
  const found = ticks(from, to, wanted).filter((at) => Number.isInteger(at));
  const names = tickNames(found);
  return { title, from, to, ticks: found.map((at, i) => ({ at, name: names[i]! })) };
}

/** Things in a row, each with its name; at 0, 1, 2 and so on. */
export function namedAxis(title: string, names: readonly string[]): Axis {
  return { title, from: -0.5, to: names.length - 0.5, ticks: toldApart(names, LONGEST_NAME).map((name, at) => ({ at, name })) };
}

/** Shares from 0 to 100 %. */
export function shareAxis(title: string): Axis {
  return { title, from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, name: `${at * 100} %` })) };
}

function ends(values: readonly number[]): [number, number] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    from = Math.min(from, value);
    to = Math.max(to, value);
  }
  return from < to ? [from, to] : [Math.min(from, 0), from > 0 ? from : 1];
}
