import fc from "fast-check";
import { expect, test } from "vitest";
import { oneForwardOneBackward } from "../../src/core/pipeline/oneForwardOneBackward.ts";
import type { PipelineJob, PipelineWorker } from "../../src/core/pipeline/pipelineJob.ts";
import { BACKWARDS, OPTIMIZERS, type PipelinePlan, planPipeline } from "../../src/core/pipeline/planPipeline.ts";
import { route, StagesLost } from "../../src/core/pipeline/route.ts";
import { few } from "../support/few.ts";

const SPLIT = { backward: "split", optimizer: "staggered" } as const;
const EPSILON = 1e-6;

function uniform(pipelines: number, stages: number, microBatches: number, times = [1, 1, 1]): PipelineJob {
  const [forward, inputGradient, weightGradient] = times as [number, number, number];
  return { pipelines, microBatches, stages: Array(stages).fill({ forward, inputGradient, weightGradient }) };
}

const time = fc.integer({ min: 1, max: 4 });
const jobs = fc
  .record({
    pipelines: fc.integer({ min: 1, max: 4 }),
    microBatches: fc.integer({ min: 1, max: 5 }),
    stages: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ pipelines, microBatches, stages }) =>
    fc.record({
      pipelines: fc.constant(pipelines),
      microBatches: fc.constant(microBatches),
      stages: fc.array(fc.record({ forward: time, inputGradient: time, weightGradient: fc.integer({ min: 0, max: 4 }) }), {
        minLength: stages,
        maxLength: stages,
      }),
    }),
  );
const cases = jobs.chain((job) =>
  fc.record({
    job: fc.constant(job),
    // The last pipeline stays, so that no stage is lost.
    failed: fc
      .uniqueArray(
        fc.record({
          pipeline: fc.integer({ min: 0, max: job.pipelines - 1 }),
          stage: fc.integer({ min: 0, max: job.stages.length - 1 }),
        }),
        { selector: ({ pipeline, stage }) => `${pipeline}.${stage}`, maxLength: job.pipelines === 1 ? 0 : 4 },
      )
      .map((workers) => workers.filter(({ pipeline }) => pipeline < job.pipelines - 1)),
    slots: fc.integer({ min: 1, max: 6 }),
    techniques: fc.record({ backward: fc.constantFrom(...BACKWARDS), optimizer: fc.constantFrom(...OPTIMIZERS) }),
  }),
);

/** Faults of a plan, found from its tasks alone. */
function faults(
  job: PipelineJob,
  failed: readonly PipelineWorker[],
  { workers, period, backward, optimizer, slots }: PipelinePlan,
): string[] {
  const found: string[] = [];
  const S = job.stages.length;
  const done = new Map<string, { worker: number; start: number; end: number }>();
  for (const [worker, { tasks, pipeline, stage, peak }] of workers.entries()) {
    if (failed.some((dead) => dead.pipeline === pipeline && dead.stage === stage) && tasks.length > 0)
      found.push(`dead ${worker} works`);
    for (const [i, task] of tasks.entries()) {
      const key = [task.kind, task.pipeline, task.microBatch, stage].join();
      if (done.has(key)) found.push(`${key} twice`);
      done.set(key, { worker, start: task.start, end: task.end });
      const { forward, inputGradient, weightGradient } = job.stages[stage]!;
      const lasts = [forward, inputGradient + (backward === "whole" ? weightGradient : 0), weightGradient][task.kind]!;
      if (Math.abs(task.end - task.start - lasts) > EPSILON) found.push(`${key} lasts ${task.end - task.start}`);
      if (i > 0 && tasks[i - 1]!.end > task.start + EPSILON) found.push(`${key} overlaps`);
    }
    const held = tasks.map(({ kind, start: at }) => {
      if (kind !== 0) return 0;
      const begun = tasks.filter((task) => task.kind === 0 && task.start <= at + EPSILON);
      return begun.filter((task) => {
        const last = tasks.findLast((other) => other.pipeline === task.pipeline && other.microBatch === task.microBatch)!;
        return last.end > at + EPSILON;
      }).length;
    });
    if (Math.max(0, ...held) !== peak) found.push(`worker ${worker} holds ${Math.max(0, ...held)}, not ${peak}`);
    if (peak > slots[stage]!) found.push(`worker ${worker} holds ${peak} of ${slots[stage]}`);
  }
  const windows = Array.from({ length: S }, () => [Infinity, -Infinity] as [number, number]);
  for (let p = 0; p < job.pipelines; p++)
    for (let m = 0; m < job.microBatches; m++)
      for (let s = 0; s < S; s++) {
        const [forward, input, weight] = [0, 1, 2].map((kind) => done.get([kind, p, m, s].join()));
        const after = (task: typeof forward, earlier: typeof forward) => {
          if (task === undefined || earlier === undefined || task.start < earlier.end - EPSILON)
            found.push(`order of ${p}:${m} at ${s}`);
        };
        if (s > 0) after(forward, done.get([0, p, m, s - 1].join()));
        after(input, s === S - 1 ? forward : done.get([1, p, m, s + 1].join()));
        if (backward === "split" && job.stages[s]!.weightGradient > 0) after(weight, input);
        if (new Set([forward, input, weight ?? input].map((task) => task?.worker)).size > 1)
          found.push(`${p}:${m} at ${s} on two workers`);
        for (const task of [forward, input, weight]) {
          windows[s]![0] = Math.min(windows[s]![0], task?.start ?? Infinity);
          windows[s]![1] = Math.max(windows[s]![1], task?.end ?? -Infinity);
        }
      }
  const whole = [Math.min(...windows.map(([start]) => start)), Math.max(...windows.map(([, end]) => end))];
  for (const [start, end] of optimizer === "staggered" ? windows : [whole])
    if (end! - start! > period + EPSILON) found.push(`takes ${end! - start!} of ${period}`);
  return found;
}

test("tasks are conserved, none overlap, dependencies and room for activations are kept, and iterations follow after the period", () => {
  fc.assert(
    fc.property(cases, ({ job, failed, slots, techniques }) => {
      const plan = planPipeline(job, failed, () => slots, techniques);
      expect(faults(job, failed, plan)).toEqual([]);
    }),
    few(20),
  );
});

test("no period is below ReCycle's law, and no technique makes one longer", () => {
  fc.assert(
    fc.property(cases, ({ job, failed, slots, techniques }) => {
      const { steps, period, bound } = planPipeline(job, failed, () => slots, techniques);
      const laws = job.stages.map(({ forward, inputGradient, weightGradient }, s) => {
        const live = job.pipelines - failed.filter(({ stage }) => stage === s).length;
        return (forward + inputGradient + weightGradient) * Math.ceil((job.microBatches * job.pipelines) / live);
      });
      expect(bound.period).toBeGreaterThanOrEqual(Math.max(...laws) - EPSILON);
      expect(period).toBeGreaterThanOrEqual(bound.period - EPSILON);
      for (const [i, step] of steps.entries()) if (i > 0) expect(step.period).toBeLessThanOrEqual(steps[i - 1]!.period + EPSILON);
    }),
    few(20),
  );
});

test("without failures and with equal stages 1F1B takes (N + S - 1)(F + Bi + Bw)", () => {
  for (const [D, S, N, times] of [
    [3, 4, 6, [1, 1, 1]],
    [1, 1, 1, [2, 1, 1]],
    [2, 5, 3, [3, 2, 2]],
    [1, 8, 16, [1, 2, 0]],
  ] as const)
    expect(oneForwardOneBackward(uniform(D, S, N, [...times]))).toBe((N + S - 1) * (times[0] + times[1] + times[2]));
});

// Slots of time for D, S, N = 3, 4, 6 with one worker dead, from a prototype; extra activations in flight beside those of 1F1B.
test.each([
  ["whole", "together", 0, 38],
  ["whole", "together", 1, 36],
  ["whole", "together", 2, 34],
  ["split", "together", 0, 33],
  ["split", "together", 1, 30],
  ["split", "together", 2, 29],
  ["split", "staggered", 0, 33],
  ["split", "staggered", 2, 30],
  ["split", "staggered", 9, 27],
] as const)("%s backward, optimizers %s, %i more activations: at most %i", (backward, optimizer, extra, most) => {
  const slots = (stage: number) => 4 - stage + extra;
  const plan = planPipeline(uniform(3, 4, 6), [{ pipeline: 1, stage: 2 }], slots, { backward, optimizer });
  expect(plan.faultFree).toBe(27);
  expect(plan.period).toBeLessThanOrEqual(most);
  expect(plan.period).toBeGreaterThanOrEqual(most - 2);
  expect(plan.period - plan.bound.period).toBeLessThanOrEqual(1 + EPSILON);
});

test("the paper's figures: 27 before, 36 rerouted at the last stage, 29 with two backward passes, 27 with staggered optimizers", () => {
  const last = planPipeline(uniform(3, 4, 6), [{ pipeline: 1, stage: 3 }], () => 18, SPLIT);
  expect(last.steps[0]!.period).toBe(36);
  const third = planPipeline(uniform(3, 4, 6), [{ pipeline: 1, stage: 2 }], () => 18, SPLIT);
  expect(third.steps.slice(1).map(({ period }) => period)).toEqual([29, 27]);
  expect(third.bound).toEqual({ period: 27, limit: "work", stage: 2 });
});

test("micro-batches of the dead go round robin to their live peers", () => {
  const { hosts, live } = route(uniform(3, 2, 4), [
    { pipeline: 1, stage: 1 },
    { pipeline: 1, stage: 1 },
  ]);
  expect(live).toEqual([3, 2]);
  const at = (stage: number) => Array.from({ length: 12 }, (_, m) => hosts[m * 2 + stage]);
  expect(at(0)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  expect(at(1)).toEqual([0, 0, 0, 0, 0, 2, 0, 2, 2, 2, 2, 2]);
});

test("a stage without live workers is named", () => {
  const failed = [0, 1].flatMap((pipeline) => [0, 2].map((stage) => ({ pipeline, stage })));
  expect(() => planPipeline(uniform(2, 3, 2), failed, () => 3, SPLIT)).toThrow(StagesLost);
  expect(() => planPipeline(uniform(2, 3, 2), failed, () => 3, SPLIT)).toThrow(/stage 0, 2/);
});

test.each([
  [uniform(0, 2, 2), [], 1],
  [uniform(2, 0, 2), [], 1],
  [uniform(2, 2, 1.5), [], 1],
  [uniform(2, 2, 2, [0, 1, 1]), [], 1],
  [uniform(2, 2, 2, [1, 1, Infinity]), [], 1],
  [uniform(2, 2, 2), [{ pipeline: 2, stage: 0 }], 1],
  [uniform(2, 2, 2), [{ pipeline: 0, stage: 2 }], 1],
  [uniform(2, 2, 2), [], 0],
])("a broken precondition is one: %j, %j, %i", (job, failed, slots) => {
  expect(() => planPipeline(job, failed, () => slots, SPLIT)).toThrow(RangeError);
});
