/** Jobs with a layout: what a step takes, what a lost node stops, and the systems that keep incomplete pipelines. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { iterationParts } from "../../src/core/cost/iteration.ts";
import { layoutShape, mostPipelines, type ParallelLayout, workersOfNode } from "../../src/core/cost/parallelLayout.ts";
import { totalOfParts } from "../../src/core/cost/stepCost.ts";
import { periodBound } from "../../src/core/pipeline/periodBound.ts";
import { oobleckPeriod, recyclePeriod } from "../../src/core/pipeline/pipelineSystems.ts";
import { StagesLost } from "../../src/core/pipeline/route.ts";
import { taskGraph } from "../../src/core/pipeline/taskGraph.ts";
import type { Job } from "../../src/core/simulation/job.ts";
import { windowAt } from "../../src/core/simulation/loadSchedule.ts";
import { oobleckTimes, recycleTimes } from "../../src/core/simulation/pipelineTimes.ts";
import { StepTimer } from "../../src/core/simulation/stepTimer.ts";
import { type SystemName, systemNames, trainingSystem } from "../../src/core/simulation/systems.ts";
import { permutations } from "../support/permutations.ts";
import { constantLoads, jobOf, loads, membership, nodeIds, observed, policy, rtx3090, tinyModel } from "../support/simulation.ts";

const layoutOf = (tensor: number, pipeline: number, expert: number, data: number): ParallelLayout => ({
  tensor,
  pipeline,
  expert,
  data,
});
const nodeSize = (gpusPerNode: number) => ({ ...rtx3090, gpusPerNode });
const step = (job: Job, name: SystemName, live: readonly number[]) => {
  const configuration = trainingSystem(name, job).start(live, windowAt(job.loads, 0))!;
  const timer = new StepTimer(job);
  return { configuration, ...timer.timeOf(configuration, 0), samples: timer.samplesOf(configuration) };
};

describe("a layout", () => {
  test("gives every worker of every pipeline to one node, blocks one after the other", () => {
    const power = fc.integer({ min: 0, max: 3 }).map((exponent) => 2 ** exponent);
    fc.assert(
      fc.property(fc.record({ tensor: power, pipeline: power, expert: power, gpus: power, blocks: power }), (drawn) => {
        const { tensor, pipeline, expert, gpus, blocks } = drawn;
        fc.pre(tensor <= gpus);
        const data = (blocks * 8 * Math.max(tensor, expert)) / tensor;
        const layout = layoutOf(tensor, pipeline, expert, data);
        const shape = layoutShape(layout, 8, gpus);
        expect(shape.nodes * gpus).toBe(data * pipeline * tensor);
        expect(mostPipelines(layout, shape.nodes, gpus)).toBe(data);
        const workers = nodeIds(shape.nodes).map((node) => workersOfNode(layout, shape, node));
        const seen = workers.flat().map((worker) => `${worker.pipeline}/${worker.stage}`);
        expect(new Set(seen).size).toBe(data * pipeline);
        expect(seen).toHaveLength(data * pipeline);
        workers.forEach((own, node) => {
          const block = Math.floor(node / shape.nodesPerBlock);
          if (shape.nodesPerBlock >= 1)
            for (const worker of own) expect(Math.floor(worker.pipeline / shape.pipelinesPerBlock)).toBe(block);
        });
      }),
    );
  });

  test.each([
    [layoutOf(3, 1, 1, 1), 4, /does not divide a node's 4/],
    [layoutOf(2, 1, 3, 1), 4, /do not divide each other/],
    [layoutOf(1, 1, 16, 16), 4, /8 experts do not divide over 16/],
    [layoutOf(2, 3, 2, 2), 4, /does not divide into nodes of 4/],
    [layoutOf(1, 4, 4, 6), 4, /take a multiple of 4/],
  ])("%j on nodes of %i is refused", (layout, gpus, message) => {
    expect(() => layoutShape(layout, 8, gpus)).toThrow(message);
  });
});

describe("an iteration", () => {
  const amount = fc.double({ min: 0, max: 10, noNaN: true });
  const parts = fc.record({
    overhead: amount,
    dense: amount,
    denseSync: amount,
    experts: amount,
    allToAll: amount,
    expertSync: amount,
  });

  test("never takes less than computing or what may not be hidden; more overlap never takes longer", () => {
    const counts = fc.record({ microBatches: fc.integer({ min: 1, max: 9 }), waits: amount });
    fc.assert(
      fc.property(parts, counts, amount, amount, (once, { microBatches, waits }, a, b) => {
        const [less, more] = [Math.min(a, b) / 10, Math.max(a, b) / 10] as [number, number];
        const times = (overlap: number) =>
          totalOfParts(iterationParts(once, { microBatches, slots: microBatches + waits }, overlap));
        const computing = once.dense + once.experts;
        const sync = once.denseSync + once.expertSync;
        expect(times(0)).toBeCloseTo((microBatches + waits) * (once.overhead + computing + once.allToAll) + sync, 6);
        expect(times(more)).toBeLessThanOrEqual(times(less) + 1e-9);
        const each = once.overhead + Math.max(computing, once.allToAll, computing + (1 - more) * once.allToAll);
        const left = Math.max((1 - more) * sync, sync - (2 / 3) * computing);
        expect(times(more)).toBeGreaterThanOrEqual((microBatches + waits) * each + left - 1e-9);
      }),
    );
  });

  test("of a constant global batch has as many micro-batches as the nodes make of it, and one synchronisation", () => {
    const job = jobOf({ globalBatch: 10 * tinyModel.sequencesPerNode });
    for (const nodes of [2, 4, 5, 8]) {
      const plain = step(jobOf(), "lazarus", nodeIds(nodes));
      const batch = step(job, "lazarus", nodeIds(nodes));
      const count = Math.ceil(10 / nodes);
      expect(batch.samples).toBe(10 * tinyModel.sequencesPerNode);
      expect(batch.parts.dense).toBeCloseTo(count * plain.parts.dense, 12);
      expect(batch.parts.allToAll).toBeCloseTo(count * plain.parts.allToAll, 12);
      expect(batch.parts.expertSync).toBeCloseTo(plain.parts.expertSync, 12);
      expect(batch.ticks / 1e6).toBeCloseTo(totalOfParts(batch.parts), 5);
    }
  });

  test("of pipelines divides a step by the stages, and fills and drains once", () => {
    const [N, S] = [6, 2];
    const one = step(jobOf({ layout: layoutOf(1, 1, 1, 4), gradientAccumulation: N }), "ds", nodeIds(4));
    const job = jobOf({ layout: layoutOf(1, S, 1, 2), gradientAccumulation: N });
    const two = step(job, "ds", nodeIds(4));
    expect(one.parts).not.toHaveProperty("bubble");
    for (const part of ["overhead", "dense", "experts"] as const) expect(two.parts[part]).toBeCloseTo(one.parts[part] / S, 9);
    const { bubble = 0, denseSync, expertSync, ...busy } = two.parts;
    expect(bubble).toBeCloseTo((totalOfParts({ ...busy, denseSync: 0, expertSync: 0 }) / N) * (S - 1), 9);
    // Half the dense parameters on a stage, and one other pipeline instead of three.
    expect(denseSync).toBeCloseTo((one.parts.denseSync / S) * (1 / 2 / (3 / 4)), 9);
    expect(expertSync).toBeCloseTo((one.parts.expertSync / S) * (1 / 2 / (3 / 4)), 9);
    expect(two.samples).toBe(2 * N * tinyModel.sequencesPerNode);
    // Half the batch a pipeline, twice the pipelines' micro-batches.
    expect(step({ ...job, globalBatch: 2 * N * tinyModel.sequencesPerNode }, "ds", nodeIds(2)).parts.dense).toBeCloseTo(
      2 * two.parts.dense,
      9,
    );
  });

  test("sends over the network what leaves the node, and to as many nodes as a token may go to", () => {
    const hardware = { ...nodeSize(2), networkBytesPerSecond: 1e9, serverBytesPerSecond: 4e9 };
    const traffic = (expert: number, model = tinyModel) => {
      const even = constantLoads([1, 1, 1, 1], [1, 1, 1, 1]);
      const job = jobOf({ model: { ...model, topK: 2 }, hardware, loads: even, layout: layoutOf(1, 1, expert, 4) });
      return step(job, "tutel", nodeIds(2)).configuration.cost(windowAt(even, 0)).traffic;
    };
    expect(traffic(1)).toBe(0);
    expect(traffic(2)).toBeCloseTo((2 * (1 / 4)) / 2, 12);
    expect(traffic(4)).toBeCloseTo((2 * (2 + 1 / 4)) / 4, 12);
    expect(traffic(4, { ...tinyModel, nodesPerToken: 1 } as typeof tinyModel)).toBeCloseTo((2 * (1 + 1 / 4)) / 4, 12);
  });
});

test("a lost node stops the block that it belongs to, and ds-ft needs a survivor of every part", () => {
  // Blocks of two stages of two nodes: nodes 0 to 3, 4 to 7, 8 to 11.
  const job = jobOf({ layout: layoutOf(1, 2, 2, 6) });
  const window = windowAt(job.loads, 0);
  for (const name of ["ds", "ds-ft"] as const) {
    const system = trainingSystem(name, job);
    const whole = system.start(nodeIds(12), window)!;
    expect(whole.nodes).toEqual(nodeIds(12));
    expect(system.start(nodeIds(14), window)!.nodes).toHaveLength(12);
    expect(system.start(nodeIds(11), window)!.nodes).toEqual(nodeIds(8));
    expect(system.start(nodeIds(3), window)).toBeUndefined();
    if (name === "ds-ft") {
      expect(system.survive(whole, nodeIds(11), window)!.nodes).toEqual(nodeIds(8));
      expect(system.survive(whole, [1, 2, 3, 5, 6, 7, 9, 10, 11], window)).toBeUndefined();
    }
  }
});

describe("times of incomplete pipelines", () => {
  const [D, S, N] = [3, 3, 4];
  const ONE = { forward: 1, inputGradient: 1, weightGradient: 1 };
  const job = { pipelines: D, microBatches: N, stages: Array(S).fill(ONE) };
  const workers = fc.uniqueArray(fc.integer({ min: 0, max: D * S - 1 }), { maxLength: 5 });

  test("are those of the schedules, in whichever pipelines the workers fail", () => {
    fc.assert(
      fc.property(workers, (dead) => {
        const failed = dead.map((worker) => ({ pipeline: Math.floor(worker / S), stage: worker % S }));
        const counts = Array.from({ length: S }, (_, s) => failed.filter(({ stage }) => stage === s).length);
        if (Math.max(...counts) === D) {
          expect(() => recycleTimes(D, S, N)(failed)).toThrow(StagesLost);
          return;
        }
        const { microBatches, slots } = recycleTimes(D, S, N)(failed);
        const alike = permutations(D).map((order) =>
          recyclePeriod(
            job,
            failed.map(({ pipeline, stage }) => ({ pipeline: order[pipeline]!, stage })),
            () => S,
          ),
        );
        expect(alike.map((period) => period / 3)).toContain(slots);
        expect(slots * 3).toBeGreaterThanOrEqual(
          periodBound(
            taskGraph(job, failed, false, () => S),
            true,
          ).period - 1e-9,
        );
        expect(microBatches).toBe(Math.ceil((N * D) / (D - Math.max(...counts))));
        expect(slots).toBeGreaterThanOrEqual(microBatches);
      }),
      { numRuns: 40 },
    );
  });

  test("of Oobleck are its templates', with pipelines of half their stages dissolved", () => {
    const failed = [
      { pipeline: 0, stage: 0 },
      { pipeline: 2, stage: 1 },
      { pipeline: 2, stage: 2 },
    ];
    const { microBatches, slots } = oobleckTimes(D, S, N)(failed);
    expect(slots).toBe(oobleckPeriod(job, failed, 2) / 3);
    expect(microBatches).toBeCloseTo((N * D * S) / (D * S - 3), 12);
    const all = nodeIds(D).flatMap((pipeline) => [0, 1].map((stage) => ({ pipeline, stage })));
    expect(() => oobleckTimes(D, S, N)(all)).toThrow(StagesLost);
  });

  test("beyond the size of schedules are the bound", () => {
    const failed = [{ pipeline: 1, stage: 3 }];
    const big = { pipelines: 32, microBatches: 100, stages: Array(8).fill(ONE) };
    const { period } = periodBound(
      taskGraph(big, failed, false, () => 8),
      true,
    );
    expect(recycleTimes(32, 8, 100)(failed).slots).toBeCloseTo(period / 3, 12);
  });
});

describe("what needs pipelines", () => {
  test.each([
    ["recycle", {}, /pass --pp/],
    ["oobleck", { layout: layoutOf(1, 2, 2, 2) }, /cannot serve expert-parallel layers/],
    ["recycle", { layout: layoutOf(1, 2, 2, 2) }, /cannot serve expert-parallel layers.*hybrid/],
    ["hybrid", { hardware: nodeSize(4), layout: layoutOf(1, 4, 1, 2) }, /nodes that serve one stage/],
    ["lazarus", { layout: layoutOf(1, 2, 1, 2) }, /hybrid/],
    ["resilient", { layout: layoutOf(1, 2, 1, 2) }, /hybrid/],
  ] as const)("%s %j is refused otherwise", (name, overrides, message) => {
    expect(() => trainingSystem(name, jobOf(overrides))).toThrow(message);
  });

  test("recycle goes on while every stage has a worker, without moving anything; newcomers take the stages that are short", () => {
    const job = jobOf({ layout: layoutOf(1, 2, 1, 3), constantPauses: false });
    const window = windowAt(job.loads, 0);
    const system = trainingSystem("recycle", job);
    const whole = system.start(nodeIds(6), window)!;
    // Nodes 0, 2 and 4 serve the first stage.
    const short = system.survive(whole, [0, 1, 3, 5], window)!;
    expect(short.transferSeconds).toBe(0);
    expect(system.survive(whole, [1, 3, 5], window)).toBeUndefined();
    expect(short.iteration!.samples).toBe(whole.iteration!.samples);
    expect(short.iteration!.slots).toBeGreaterThan(whole.iteration!.slots);
    const refilled = system.scaleUp(short, [0, 1, 3, 5, 7], window)!;
    expect(refilled.by).toBe("reconfigure");
    expect(refilled.configuration.transferSeconds).toBeGreaterThan(0);
    // With node 7 the first stage has two workers.
    expect(system.survive(refilled.configuration, [1, 3, 5, 7], window)).toBeDefined();
    expect(system.scaleUp(whole, nodeIds(7), window)).toBeUndefined();
  });

  test("oobleck fetches what its shorter pipeline lacks", () => {
    const job = jobOf({ layout: layoutOf(1, 4, 1, 2), constantPauses: false });
    const window = windowAt(job.loads, 0);
    const system = trainingSystem("oobleck", job);
    const whole = system.start(nodeIds(8), window)!;
    const { transferSeconds = 0 } = system.survive(whole, [0, 1, 2, 4, 5, 6, 7], window)!;
    // Stages 0, 1, 2 become 0 to 4/3, 4/3 to 8/3, 8/3 to 4 of four: the last fetches 4/3 - 1/3.
    const state = ((tinyModel.hidden ** 2 * (4 * 2 + 8 * 8) + (50_257 + 1024) * tinyModel.hidden) * 14) / 4;
    expect(transferSeconds).toBeCloseTo(state / (rtx3090.networkBytesPerSecond * rtx3090.bandwidthEfficiency), 9);
  });

  test("hybrid goes on exactly while every expert of every stage has a live host, on what is left of each stage", () => {
    const job = jobOf({ layout: layoutOf(1, 2, 2, 4) });
    const window = windowAt(job.loads, 0);
    const system = trainingSystem("hybrid", job);
    const whole = system.start(nodeIds(8), window)! as ReturnType<typeof system.start> & {
      stages: { nodes: number[]; plan: { hosts(): number[][] } }[];
    };
    expect(whole.stages.map(({ nodes }) => [...nodes].sort())).toEqual([
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ]);
    for (let mask = 0; mask < 256; mask++) {
      const live = nodeIds(8).filter((node) => (mask >> node) & 1);
      const isWhole = whole.stages.every(({ nodes, plan }) =>
        plan.hosts().every((set) => set.some((place) => live.includes(nodes[place]!))),
      );
      expect(system.survive(whole, live, window) !== undefined).toBe(isWhole);
    }
  });
});

const layouts: Partial<Record<SystemName, ParallelLayout>> = {
  recycle: layoutOf(1, 2, 1, 3),
  oobleck: layoutOf(1, 2, 1, 3),
  hybrid: layoutOf(1, 2, 2, 4),
  lazarus: layoutOf(1, 1, 2, 8),
  ds: layoutOf(1, 2, 1, 3),
  "ds-ft": layoutOf(1, 2, 2, 4),
  moevement: layoutOf(1, 2, 2, 4),
};

test("every system that needs pipelines is in the laws below", () => {
  expect(systemNames.filter((name) => name in layouts)).toEqual(expect.arrayContaining(["recycle", "oobleck", "hybrid"]));
});

describe.each(Object.entries(layouts) as [SystemName, ParallelLayout][])("%s in a layout", (name, layout) => {
  const job = (overrides: Partial<Job> = {}) => jobOf({ layout, gradientAccumulation: 3, overlap: 0.5, ...overrides });

  test("the seconds add up, samples are whole iterations, only live nodes train, and nothing beats the failure-free bound", () => {
    fc.assert(
      fc.property(membership, loads, policy, (nodes, schedule, what) => {
        const drawn = job({ loads: schedule });
        const { result, rows } = observed(name, drawn, what, nodes, trainingSystem(name, drawn));
        const spent = Object.values(result.seconds).map((seconds) => Math.round(seconds * 1e6));
        expect(Math.min(...spent)).toBeGreaterThanOrEqual(0);
        expect(spent.reduce((sum, ticks) => sum + ticks, 0)).toBe(3600e6);
        expect(result.samples % tinyModel.sequencesPerNode).toBe(0);
        for (const row of rows) expect(row.training).toBeLessThanOrEqual(row.nodes);
        // Work that no schedule avoids: all micro-batches of the layout, perfectly balanced, on all its workers.
        const whole = step(jobOf({ layout: { ...layout, data: 4 }, gradientAccumulation: 3 }), "ds", nodeIds(12)).parts;
        const pipelines = Math.min(layout.data, nodes.initial.length / layout.pipeline);
        const most = (pipelines * 3 * tinyModel.sequencesPerNode) / (whole.overhead + whole.dense);
        expect(result.samples).toBeLessThanOrEqual(most * result.seconds.compute + 1e-6);
      }),
      { numRuns: 15 },
    );
  });

  test("books are the same for the same input", () => {
    const failures = { initial: nodeIds(8), changes: [{ seconds: 900, event: "remove" as const, node: 2 }] };
    const once = () => JSON.stringify(observed(name, job(), {}, failures, trainingSystem(name, job())));
    expect(once()).toBe(once());
  });
});
