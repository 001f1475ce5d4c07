import { expect, test } from "vitest";
import type { SimulationDocument } from "../../src/formats/documents/simulation.ts";
import { paint } from "../../src/report/paint.ts";
import { simulationTable } from "../../src/report/simulationTable.ts";

type Run = SimulationDocument["runs"][number];

function run(system: string, samplesPerSecond: number, restarts: number, stepSeconds: number): Run {
  const seconds = { compute: 100, checkpoint: 0, restart: 0, reconfigure: 0, rebalance: 0, idle: 0 };
  const stepParts = { overhead: stepSeconds, dense: 0, denseSync: 0, experts: 0, allToAll: 0, expertSync: 0 };
  const counts = { failures: 5, recoveries: 0, restarts, lostSteps: 0, lostComputeSeconds: 0 };
  return { system, samples: 100 * samplesPerSecond, steps: 100, samplesPerSecond, seconds, ...counts, stepParts };
}

function lineOf(lazarus: Run, resilient: Run): string | undefined {
  const document = { type: "simulation", version: 1, program: "lazarus", seed: 0, parameters: {}, seconds: 100 } as const;
  const table = simulationTable([{ ...document, runs: [lazarus, resilient] }], paint(false));
  return table.split("\n").find((line) => line.startsWith("resilient trains"));
}

test.each([
  [1, 4, 0.7, "it bought steps 100.0 ms shorter for 3.0 more restarts a trial"],
  [4, 1, 0.7, "it bought 3.0 fewer restarts a trial and steps 100.0 ms shorter"],
  [4, 1, 0.9, "it bought 3.0 fewer restarts a trial for steps 100.0 ms longer"],
  [1, 4, 0.9, "it bought nothing for 3.0 more restarts a trial and steps 100.0 ms longer"],
  [1, 1, 0.8, "it bought nothing"],
])("lazarus restarts %i times, resilient %i, with steps of %f s: %s", (theirs, ours, step, bought) => {
  const line = lineOf(run("lazarus", 10, theirs, 0.8), run("resilient", 9, ours, step));
  expect(line).toBe(`resilient trains 10.0 % fewer samples a second than lazarus here; ${bought}`);
});

test("nothing is said of a loss within 1 %", () => {
  expect(lineOf(run("lazarus", 10, 1, 0.8), run("resilient", 9.95, 4, 0.7))).toBeUndefined();
});
