import { describe, expect, test } from "vitest";
import type { ModelSpec } from "../../src/core/cost/modelSpec.ts";
import type { Comparison } from "../../src/dev/reproduction/figure.ts";
import { loadImbalance } from "../../src/dev/reproduction/loadImbalance.ts";
import { multiNodeFailures } from "../../src/dev/reproduction/multiNodeFailures.ts";
import { singleFailures } from "../../src/dev/reproduction/singleFailures.ts";
import { spotInstances } from "../../src/dev/reproduction/spotInstances.ts";
import { readRoutingTrace, readSpotTrace } from "../../src/dev/reproduction/traces.ts";
import { modelPreset } from "../../src/formats/presets/index.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";
import { rtx3090 } from "../support/simulation.ts";

const models = ["gpt-s", "gpt-m", "gpt-l"].map((name) => modelPreset(name) as ModelSpec);
/** Failure orders after which the means stand still: with 6 of them lazarus over ds-ft strays by 0.1, with 160 by 0.01. */
const ORDERS = 160;

function find(comparisons: readonly Comparison[], figure: string, what: string): Comparison {
  const found = comparisons.find((comparison) => comparison.figure === figure && comparison.what.includes(what));
  if (found === undefined) throw new Error(`figure ${figure} has no number "${what}"`);
  return found;
}

function expectWithin({ paper, ours, what }: Comparison, tolerance: number): void {
  expect(Math.abs(ours / (paper as number) - 1), `${what}: ${ours} for ${paper}`).toBeLessThanOrEqual(tolerance);
}

describe.skipIf(!haveSharedData)(`the paper's figures${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  test("6 and 7: a node fails every 5 or 40 minutes", () => {
    const { comparisons, charts } = singleFailures(models, rtx3090, readRoutingTrace(sharedData), ORDERS);
    expectWithin(find(comparisons, "6", "steps of lazarus, gpt-s"), 0.03);
    expectWithin(find(comparisons, "6", "steps of lazarus, gpt-l"), 0.03);
    expectWithin(find(comparisons, "7", "gpt-m samples/s of lazarus"), 0.03);
    expectWithin(find(comparisons, "7", "gpt-m samples/s of ds"), 0.03);
    expectWithin(find(comparisons, "6", "over ds, gpt-s"), 0.15);
    expectWithin(find(comparisons, "6", "over ds-ft, gpt-s"), 0.15);
    expectWithin(find(comparisons, "7", "over ds, gpt-s"), 0.15);
    expect(find(comparisons, "7", "5 nodes over 6").ours).toBeGreaterThan(1.05);
    expect(charts.size).toBe(6);
  });

  test("8: spread survives 25 of 210 sets of four failures, mro 129", () => {
    const { comparisons } = multiNodeFailures([models[0] as ModelSpec, models[2] as ModelSpec], readRoutingTrace(sharedData));
    expect(find(comparisons, "8", "spread").ours).toBeCloseTo(25 / 210, 12);
    expect(find(comparisons, "8", "mro").ours).toBeCloseTo(129 / 210, 12);
  });

  test("9: the membership is that of the paper's text", () => {
    const trace = readSpotTrace(sharedData);
    const changes = new Map<number, number>();
    for (const { seconds, event } of trace) {
      if (seconds > 0) changes.set(seconds / 60, (changes.get(seconds / 60) ?? 0) + (event === "add" ? 1 : -1));
    }
    expect(trace.filter(({ seconds }) => seconds === 0)).toHaveLength(10);
    expect([...changes]).toEqual([
      [34, -4],
      [43, 4],
      [51, -2],
      [53, -1],
      [54, -1],
      [61, 4],
      [77, -1],
    ]);
  });

  test("9 and 11: spot instances", () => {
    const { comparisons } = spotInstances(models, rtx3090, readRoutingTrace(sharedData), readSpotTrace(sharedData), ORDERS);
    expectWithin(find(comparisons, "9", "over ds, gpt-l"), 0.2);
    expectWithin(find(comparisons, "9", "over ds-ft, gpt-s"), 0.2);
    expect(find(comparisons, "11", "checkpoints and restarts, ds, gpt-s").ours).toBeGreaterThan(0.5);
    expect(find(comparisons, "11", "reconfiguration and rebalance, lazarus, gpt-l").ours).toBeLessThan(0.1);
  });
});

test("10a: lazarus stays flat where ds falls", () => {
  const { comparisons } = loadImbalance(models[1] as ModelSpec, rtx3090);
  expectWithin(find(comparisons, "10a", "of 1:1, 2:1, 4:1"), 0.1);
  expect(find(comparisons, "10a", "ds, 6:1 over 1:1").ours).toBeLessThan(0.2);
});
