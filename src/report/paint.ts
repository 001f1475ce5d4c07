/** Colours, where somebody can see them. */
import { Chalk, type ChalkInstance } from "chalk";

/** Colours text, or leaves it as it is. */
export type Paint = ChalkInstance;

/**
 * Colours for an output. A choice beats NO_COLOR, which beats FORCE_COLOR, which beats what the output is.
 * @param terminal whether the output is a terminal
 */
export function paint(terminal: boolean, choice: "auto" | "always" | "never" = "auto"): Paint {
  return new Chalk({ level: choice === "always" || (choice === "auto" && wanted(terminal)) ? 1 : 0 });
}

function wanted(terminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return false;
  return FORCE_COLOR === undefined ? terminal : FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
}
