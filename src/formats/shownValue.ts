/** Parsed values in messages. */
import { quoteInput } from "../errors.ts";

/** A value as a message shows it: in a few words, however large or deep it is. */
export function shownValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? quoteInput(value) : String(value);
}
