/** Times as people say them. */

const UNITS = [
  { name: "s", seconds: 1 },
  { name: "min", seconds: 60 },
  { name: "h", seconds: 3600 },
  { name: "d", seconds: 86_400 },
] as const;

/** The unit for times up to a length: some dozens of it, not thousands. */
export function timeUnit(longest: number): (typeof UNITS)[number] {
  return UNITS.findLast(({ seconds }) => longest >= 3 * seconds) ?? UNITS[0];
}

/** A duration in the largest unit that it is a short number of: 30 min, 2 h, 1.5 d. */
export function durationText(seconds: number): string {
  const unit = UNITS.findLast(
    (each) => seconds >= each.seconds && Number((seconds / each.seconds).toFixed(2)) * each.seconds === seconds,
  );
  const { name, seconds: length } = unit ?? timeUnit(seconds);
  return `${Number((seconds / length).toPrecision(3))} ${name}`;
}
