/** Numbers of axes and legends. */

/** 1, 2 and 5 times powers of ten, next to each other. */
const ROUND = [1, 2, 5, 10];

/** Round numbers from one end to the other, about as many as asked for. */
export function ticks(from: number, to: number, wanted: number): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ROUND.find((factor) => factor * power >= rough * (1 - 1e-9))! * power;
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  // Multiplied, since a sum of steps is not round; -0 is 0.
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)) || 0);
}

/** Limits between the steps of a colour scale for values above 0: round ones, each about twice the one below, or even ones where values are close. */
export function limits(least: number, most: number, steps: number): number[] {
  if (least > most / 4)
    return ticks(least, most, steps - 1)
      .filter((limit) => limit > least && limit < most)
      .slice(0, steps - 1);
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(most)); found.length < steps - 1; power--) {
    for (const factor of [5, 2, 1]) {
      const limit = Number((factor * 10 ** power).toPrecision(12));
      if (limit < most && found.length < steps - 1) found.unshift(limit);
    }
  }
  return found.filter((limit) => limit > least);
}

/** The step that a value is in: so many of the limits lie at or below it. */
export function stepOf(value: number, ascending: readonly number[]): number {
  let step = 0;
  while (step < ascending.length && value >= ascending[step]!) step++;
  return step;
}

/** Numbers of an axis with the digits that tell one from the next. */
export function tickNames(values: readonly number[]): string[] {
  const step = Math.abs((values[1] ?? 0) - (values[0] ?? 0));
  const most = Math.max(...values.map(Math.abs));
  if (most >= 1e4 || step === 0 || step < 1e-6) return values.map(short);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values.map((value) => value.toFixed(decimals));
}

/** A number with few digits. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(0);
  for (const [unit, sign] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    if (size >= unit) return `${Number((value / (sign === "k" ? 1e3 : unit)).toPrecision(3))}${sign}`;
  }
  return String(Number(value.toPrecision(3)));
}
