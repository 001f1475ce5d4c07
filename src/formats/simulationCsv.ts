/** Simulations as flat rows. */
import { stringify } from "csv-stringify/sync";
import type { TimelineRow } from "../core/simulation/timeline.ts";
import type { SimulationDocument } from "./documents/simulation.ts";

const ACTIVITIES = ["compute", "checkpoint", "restart", "reconfigure", "rebalance", "idle"] as const;
const COUNTS = ["failures", "recoveries", "restarts", "lostSteps"] as const;

/** One row a system and document: seed, system, what it reached, seconds by activity, counts. */
export function* simulationCsv({ seed, runs }: SimulationDocument, header: boolean): Generator<string> {
  if (header) {
    const seconds = ACTIVITIES.map((activity) => `${activity}Seconds`);
    yield stringify([["seed", "system", "samples", "steps", "samplesPerSecond", ...seconds, ...COUNTS]]);
  }
  yield stringify(
    runs.map((run) => [
      seed,
      run.system,
      run.samples,
      run.steps,
      run.samplesPerSecond,
      ...ACTIVITIES.map((activity) => run.seconds[activity]),
      ...COUNTS.map((name) => run[name]),
    ]),
  );
}

/** One row a change of a run. */
export function* timelineCsv(rows: readonly TimelineRow[]): Generator<string> {
  const columns = ["system", "second", "nodes", "samplesPerSecond", "event", "training", "samples"] as const;
  yield stringify([[...columns]]);
  yield stringify(rows.map((row) => columns.map((column) => row[column])));
}
