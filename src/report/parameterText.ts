/** Parameters of simulations as people write them. */
import { durationText } from "./pictures/timeUnit.ts";

/** Parameters that are seconds, and bytes a second. */
const TIMES = new Set(["duration", "mtbf", "repair", "fail-every", "expected-mtbf"]);
const RATES = new Set(["store-bandwidth", "node-store-bandwidth"]);

/** What a parameter of a simulation may be. */
export type ParameterValue = string | number | undefined;

/** What all systems have in common, of a list such as `lazarus=1800s,ds=1800s`. */
export function sharedValue(value: ParameterValue): ParameterValue {
  if (typeof value !== "string" || !value.includes("=")) return value;
  const values = new Set(value.split(",").map((entry) => entry.slice(entry.indexOf("=") + 1)));
  return values.size === 1 ? [...values][0] : value;
}

/** A parameter with its unit. */
export function parameterText(name: string, given: ParameterValue): string {
  const value = sharedValue(given);
  if (value === undefined) return "none";
  if (TIMES.has(name) && typeof value === "number") return durationText(value);
  if (RATES.has(name) && typeof value === "number") return `${Number((value / 1e9).toPrecision(3))} GB/s`;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(value))?.[1];
  return seconds === undefined ? String(value) : durationText(Number(seconds));
}
