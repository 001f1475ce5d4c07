/** How the program talks to a person, beside its data. The command line decides it once, before a command runs. */

/** What the standard options say about it. */
export interface Manner {
  readonly color: "auto" | "always" | "never";
  /** No warnings and no progress: errors only. */
  readonly quiet: boolean;
  /** Also what was read and how. */
  readonly verbose: boolean;
}

let chosen: Manner = { color: "auto", quiet: false, verbose: false };

/** Decides it for the rest of the run. */
export function setManner(manner: Manner): void {
  chosen = manner;
}

/** As it was decided. */
export function manner(): Manner {
  return chosen;
}
