/** What a simulation depends on, as people write it; documents have seconds and bytes a second. */
import { durationText } from "./pictures/timeUnit.ts";

/** Parameters that are seconds, and bytes a second. */
const TIMES = new Set(["duration", "mtbf", "fail-every", "expected-mtbf", "repair", "spare-start"]);
const RATES = new Set(["store-bandwidth", "node-store-bandwidth"]);
/** Parameters in which some of the figures between `=`, `:` and commas are seconds. */
const LISTS_OF_TIMES = new Map([
  ["mtbf", /(?<==)[\d.e+]+/g],
  ["drain", /[\d.e+]+/g],
  ["failures", /(?<=^|,)[\d.e+]+(?=:)/g],
]);

/** A parameter with its unit. */
export function parameterText(name: string, given: string | number | undefined): string {
  const value = name.startsWith("checkpoint-") ? shared(given) : given;
  if (value === undefined) return "none";
  if (typeof value === "number") {
    if (TIMES.has(name)) return durationText(value);
    return RATES.has(name) ? `${Number((value / 1e9).toPrecision(3))} GB/s` : String(value);
  }
  const times = LISTS_OF_TIMES.get(name);
  if (times !== undefined) return value.replace(times, (seconds) => durationText(Number(seconds)));
  return value.replace(/(?<=^|=)\d+(?:\.\d+)?(?=s(?:,|$))s/g, (seconds) => durationText(Number.parseFloat(seconds)));
}

/** What all systems have in common, of a list such as `lazarus=1800s,ds=1800s`. */
export function shared(value: string | number | undefined): string | number | undefined {
  if (typeof value !== "string" || !value.includes("=")) return value;
  const values = new Set(value.split(",").map((entry) => entry.slice(entry.indexOf("=") + 1)));
  return values.size === 1 ? [...values][0] : value;
}
