/** What the core refuses is the user's to change: the command line reports it (see cli.ts), here it gets the name of its cause. */
import { Infeasible } from "../core/layout/infeasible.ts";

/**
 * Runs work of the core.
 * @param name says what to change in the user's words: an option, a file
 * @throws the named error for a refusal; anything else as it is
 */
export function namingRefusals<T>(work: () => T, name: (refusal: Infeasible) => Error): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Infeasible ? name(error) : error;
  }
}
