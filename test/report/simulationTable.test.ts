import { describe, expect, test } from "vitest";
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
  const table = simulationTable([{ ...document, runs: [lazarus, resilient] }], paint(false), 200);
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

describe("the table", () => {
  const document = { type: "simulation", version: 1, program: "lazarus", seed: 0, seconds: 100 } as const;
  const names = ["lazarus", "resilient", "ds-ft", "ds", "tutel", "moevement", "peer-memory"];
  const trial = (mtbf: number, factor: number) => ({
    ...document,
    parameters: { nodes: 8, mtbf },
    runs: names.map((name, i) => run(name, factor * (10 - i), i, 0.1)),
  });

  test("says first which system trains most, and how much less the others", () => {
    const text = simulationTable([trial(60, 1)], paint(false), 200);
    expect(text).toContain("\nSimulation nodes 8, mtbf 1 min; one trial\n\n");
    expect(text).toMatch(/^Most samples a second: 10\.00 with lazarus; 0\.900 of that with resilient, 0\.800 of that with ds-ft/);
  });

  test("what all settings share is said once, what varies at each", () => {
    const text = simulationTable([trial(60, 1), trial(90, 1)], paint(false), 200);
    expect(text.match(/nodes 8/g)).toHaveLength(1);
    expect(text).toMatch(/^Simulations of nodes 8\n\nSimulation mtbf 1 min; one trial\n/);
    expect(text).toContain("\n\nSimulation mtbf 1.5 min; one trial\n");
  });

  test("fits 80 columns with seven systems and intervals, and has every figure of every system", () => {
    const text = simulationTable([trial(60, 1), trial(60, 1.25)], paint(false), 80);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    const rates = text.split("\n").filter((line) => line.startsWith("samples/s"));
    expect(rates.length).toBeGreaterThan(1);
    const cells = rates.flatMap((line) => [...line.matchAll(/[\d.]+ ± [\d.]+/g)].map(([cell]) => cell));
    // Student's t with one degree of freedom: 12.706 standard errors, which are half the difference of two.
    expect(cells).toEqual(names.map((_, i) => `${(1.125 * (10 - i)).toFixed(2)} ± ${(0.125 * (10 - i) * 12.706).toFixed(2)}`));
  });
});
