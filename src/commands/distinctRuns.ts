/** Simulations that are added up: each trial counts once. */
import { UsageError } from "../errors.ts";
import type { SimulationDocument } from "../formats/documents/simulation.ts";
import { warn } from "./warn.ts";

/**
 * Leaves out trials that came before: the same seed and parameters make the same run, which says nothing new.
 * @throws UsageError when two such trials differ, as those of two versions of the program may
 */
export function distinctRuns(documents: readonly SimulationDocument[]): SimulationDocument[] {
  const seen = new Map<string, SimulationDocument>();
  let repeated = 0;
  for (const document of documents) {
    const { parameters, seed, runs } = document;
    const key = JSON.stringify([parameters, seed, runs.map(({ system }) => system)]);
    const before = seen.get(key);
    if (before === undefined) seen.set(key, document);
    else if (JSON.stringify(before.runs) === JSON.stringify(runs)) repeated++;
    else {
      const programs = [...new Set([before.program, document.program])].join(" and ");
      throw new UsageError(`two trials with seed ${seed} and the same parameters differ (by ${programs}); leave one of them out`);
    }
  }
  if (repeated > 0) {
    warn(
      `${repeated} ${repeated === 1 ? "trial is" : "trials are"} there again with the same seed and parameters; each counts once`,
    );
  }
  return [...seen.values()];
}
