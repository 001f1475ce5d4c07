/** Axes that plots have in common. */
import type { Axis } from "./linePlot.ts";
import { short, ticks } from "./scales.ts";

/** An axis of numbers, from and to round ones. */
export function numberAxis(
  title: string,
  values: readonly number[],
  wanted = 5,
  nameOf: (value: number) => string = short,
): Axis {
  const [from, to] = ends(values);
  const step = ticks(from, to, wanted);
  const gap = (step[1] ?? to) - (step[0] ?? from) || 1;
  const low = Math.floor(from / gap + 1e-9) * gap;
  const high = Math.max(Math.ceil(to / gap - 1e-9) * gap, low + gap);
  return {
    title,
    from: low,
    to: high,
    ticks: ticks(low, high, Math.round((high - low) / gap)).map((at) => ({ at, name: nameOf(at) })),
  };
}

/** An axis that ends where its values end: of times, iterations, numbers of things. */
export function wholeAxis(title: string, from: number, to: number, wanted = 8, nameOf: (value: number) => string = short): Axis {
  const found = ticks(from, to, wanted).filter((at) => Number.isInteger(at));
  return { title, from, to, ticks: found.map((at) => ({ at, name: nameOf(at) })) };
}

/** Things in a row, each with its name; at 0, 1, 2 and so on. */
export function namedAxis(title: string, names: readonly string[]): Axis {
  return { title, from: -0.5, to: names.length - 0.5, ticks: names.map((name, at) => ({ at, name })) };
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
