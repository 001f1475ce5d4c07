/** Colours, where somebody can see them. */
import { Chalk, type ChalkInstance } from "chalk";

/** Colours text, or leaves it as it is. */
export type Paint = ChalkInstance;

/** Colours for an output: NO_COLOR beats FORCE_COLOR beats what the output is. */
export function paint(terminal: boolean): Paint {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return new Chalk({ level: 0 });
  if (FORCE_COLOR !== undefined) return new Chalk({ level: FORCE_COLOR === "0" || FORCE_COLOR === "false" ? 0 : 1 });
  return new Chalk({ level: terminal ? 1 : 0 });
}
