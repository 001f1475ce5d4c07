/** Systems on loads that drift: what they expect, when they move, and that moves are charged. */
import { describe, expect, test } from "vitest";
import { LoadForecaster } from "../../src/core/forecast/loadForecaster.ts";
import { elasticPlan } from "../../src/core/simulation/elasticPlan.ts";
import { expectedLoads, type FollowingLoads, movesOn, reviewedPlans } from "../../src/core/simulation/followingLoads.ts";
import { busiestOverAll, loadSchedule } from "../../src/core/simulation/loadSchedule.ts";
import { lazarusPlanner } from "../../src/core/simulation/planners.ts";
import { planTransfers } from "../../src/core/simulation/planTransfers.ts";
import { simulateRun } from "../../src/core/simulation/simulateRun.ts";
import { type SystemName, trainingSystem } from "../../src/core/simulation/systems.ts";
import type { TimelineRow } from "../../src/core/simulation/timeline.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";
import { inProcess } from "../support/inProcess.ts";

const NODES = 6;
const model = { ...modelPreset("gpt-s")!, layers: 2, slotsPerNode: 3, minReplicas: 1 };
const hardware = hardwarePreset("rtx3090")!;

/** Windows whose hot expert wanders, of 10 steps each. */
const loads = loadSchedule(
  Array.from({ length: 30 }, (_, w) =>
    [0, 1].map((layer) =>
      Array.from({ length: model.experts }, (_, e) => Math.round(100 + 90 * Math.sin(w / 4 + 1.3 * e + layer))),
    ),
  ),
  10,
);
const job = {
  model,
  hardware,
  loads,
  gradientAccumulation: 1,
  seconds: Number.POSITIVE_INFINITY,
  samples: 300 * NODES * model.sequencesPerNode,
};

function run(name: SystemName, following: FollowingLoads, overlap = 0) {
  const rows: TimelineRow[] = [];
  const result = simulateRun({
    system: trainingSystem(name, { ...job, overlap }, undefined, following),
    job: { ...job, overlap },
    policy: { rebalanceSteps: following.reviewSteps },
    membership: { initial: Array.from({ length: NODES }, (_, n) => n), changes: [] },
    onTimeline: (row) => rows.push(row),
  });
  return { ...result, rebalances: rows.filter(({ event }) => event === "rebalance").length };
}

describe("what is expected", () => {
  test("of what was last seen, its shares", () => {
    const { windows } = expectedLoads(loads, "last", 10);
    windows.slice(1).forEach((window, w) => {
      loads.windows[w + 1]!.loads.forEach((layer, l) => {
        const [total, expected] = [layer, window.loads[l]!].map((row) => row.reduce((a, b) => a + b));
        layer.forEach((load, e) => void expect(window.loads[l]![e]! / expected!).toBeCloseTo(load / total!, 6));
      });
    });
    expect(windows[0]!.loads).toEqual(loads.windows[0]!.loads);
  });

  test("by the forecaster, so many steps on", () => {
    const forecaster = new LoadForecaster({ method: "holt", horizon: 40 });
    const { windows } = expectedLoads(loads, "holt", 40);
    loads.windows.forEach((window, w) => {
      const layers = window.loads.map((layer, l) => ({ layer: l, loads: Float64Array.from(layer, (load) => load * 1e5) }));
      forecaster.add({ iteration: 10 * w, experts: model.experts, ranks: 0, layers });
      if (w === 0) return;
      forecaster.profile().layers.forEach(({ layer, loads: expected }) => {
        const [total, all] = [expected, windows[w]!.loads[layer]!].map((row) => row.reduce((a, b) => a + b));
        expected.forEach((load, e) => void expect(windows[w]!.loads[layer]![e]! / all!).toBeCloseTo(load / total!, 4));
      });
    });
  });

  test("nothing of later windows", () => {
    const other = loadSchedule(
      loads.windows.map(({ loads: layers }, w) =>
        w < 20 ? layers : layers.map((layer) => layer.map((load) => 1 + ((load * 7) % 90))),
      ),
      10,
    );
    for (const method of ["holt", "auto"] as const) {
      const [one, two] = [loads, other].map((schedule) => expectedLoads(schedule, method, 20).windows);
      expect(one!.slice(0, 20)).toEqual(two!.slice(0, 20));
      expect(one![25]).not.toEqual(two![25]);
    }
  });
});

describe("when plans are gone on from", () => {
  const planner = lazarusPlanner(1);
  const anew = (nodes: number, window: (typeof loads.windows)[number]) => elasticPlan(planner, model, hardware, nodes, window);
  const rows = (following: FollowingLoads, rate = 1, overlap = 0) => {
    const transfers = planTransfers({
      ...job,
      hardware: { ...hardware, networkBytesPerSecond: hardware.networkBytesPerSecond * rate },
    });
    const next = movesOn(planner, job, { policy: "fewest-moves", threshold: 1.02, minHosts: 1 });
    const plans = reviewedPlans({ job: { ...job, overlap }, following, anew, next, transfers });
    return loads.windows.map((window) => plans(NODES, window));
  };
  const changes = (plans: ReturnType<typeof rows>) => plans.flatMap((plan, w) => (w > 0 && plan !== plans[w - 1] ? [w] : []));

  test("every so many steps, counted from the last moves", () => {
    const moved = changes(rows({ trigger: { kind: "every", iterations: 50 }, reviewSteps: 10 }));
    expect(moved.length).toBeGreaterThan(3);
    moved.forEach((w, i) => void expect(w - (moved[i - 1] ?? 0)).toBeGreaterThanOrEqual(5));
    for (const w of changes(rows({ trigger: { kind: "every", iterations: 1 }, reviewSteps: 40 }))) expect(w % 4).toBe(0);
  });

  test("above a ratio only, and then more evenly", () => {
    const plans = rows({ trigger: { kind: "ratio", above: 1.3 }, reviewSteps: 10 });
    const moved = changes(plans);
    expect(moved.length).toBeGreaterThan(1);
    const taken: number[] = [];
    for (const w of moved) {
      const [before, after] = [plans[w - 1]!, plans[w]!].map((plan) => plan.cost(loads.windows[w]!).compute / 2);
      expect(before).toBeGreaterThan(1.3);
      taken.push(before! - after!);
    }
    expect(Math.max(...taken)).toBeGreaterThan(0.1);
    expect(changes(rows({ trigger: { kind: "ratio", above: 9 }, reviewSteps: 10 }))).toEqual([]);
    expect(changes(rows({ trigger: { kind: "cv", above: 9 }, reviewSteps: 10 }))).toEqual([]);
    expect(changes(rows({ trigger: { kind: "cv", above: 0.1 }, reviewSteps: 10 })).length).toBeGreaterThan(1);
  });

  test("for a gain that the transfers do not eat up", () => {
    const gain = { trigger: { kind: "gain" }, reviewSteps: 10 } as const;
    expect(changes(rows(gain)).length).toBeGreaterThan(1);
    expect(changes(rows(gain, 1e-5))).toEqual([]);
    // What goes on beside the steps costs nothing.
    expect(changes(rows(gain, 1e-5, 1)).length).toBeGreaterThan(1);
    expect(changes(rows({ reviewSteps: 10 }))).toEqual(changes(rows(gain)));
  });

  test("never, without a look", () => {
    expect(changes(rows({ reviewSteps: Number.POSITIVE_INFINITY }))).toEqual([]);
  });
});

test("moves are charged by their bytes; few moves cost less than placing anew at every look", () => {
  const every = { reviewSteps: 10 };
  const lazarus = run("lazarus", every);
  const flexmoe = run("flexmoe", every);
  const fewest = run("fewest-moves", every);
  for (const { rebalances, seconds } of [lazarus, flexmoe]) expect([rebalances > 0, seconds.rebalance > 0]).toEqual([true, true]);
  expect(flexmoe.seconds.rebalance).toBeLessThan(lazarus.seconds.rebalance);
  expect(fewest.seconds.rebalance).toBeLessThan(flexmoe.seconds.rebalance);
  const none = run("flexmoe", { ...every, trigger: { kind: "ratio", above: 9 } });
  expect([none.rebalances, none.seconds.rebalance]).toEqual([0, 0]);
  const rare = run("lazarus", { ...every, trigger: { kind: "every", iterations: 100 } });
  expect(rare.rebalances).toBeLessThan(lazarus.rebalances / 5);
  for (const { steps } of [lazarus, flexmoe, fewest, none, rare]) expect(steps).toBe(300);
});

test("with overlap, the part of the moves that goes on beside the steps is not charged", () => {
  const following = { reviewSteps: 10, trigger: { kind: "every", iterations: 10 } } as const;
  const [alone, half, beside] = [0, 0.5, 1].map((overlap) => run("lazarus", following, overlap).seconds.rebalance);
  expect(alone).toBeGreaterThan(0.1);
  expect([half! / alone!, beside]).toEqual([expect.closeTo(0.5, 6), 0]);
});

test("the busiest experts over all windows keep their places", () => {
  expect(busiestOverAll([[[5, 1, 9]], [[2, 6, 3]]], 2)).toEqual([[[5, 9]], [[2, 3]]]);
});

test.each([
  [["--systems", "ds", "--trigger", "gain"], /--trigger is for lazarus, resilient, flexmoe, fewest-moves/],
  [["--systems", "resilient", "--trigger", "cv:0.1"], /--trigger cv is for even shares, and resilient has free ones/],
  [["--rebalance-every", "none", "--forecast", "ema"], /nobody looks at the loads/],
])("simulate %j is refused", async (words, expected) => {
  const { code, stderr } = await inProcess(["simulate", "fixtures/routing.csv", "-n", "10", "--duration", "1m", ...words]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
});
