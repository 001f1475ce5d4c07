import fc from "fast-check";
import { expect, test } from "vitest";
import { periodBound, stageBound } from "../../src/core/pipeline/periodBound.ts";
import { taskGraph } from "../../src/core/pipeline/taskGraph.ts";
import { stageLoads } from "../../src/core/simulation/pipelineTimes.ts";

test("what the busiest worker of each stage does, and so the bound, is what its tasks add up to when micro-batches are dealt", () => {
  const jobs = fc
    .record({
      pipelines: fc.integer({ min: 1, max: 5 }),
      microBatches: fc.integer({ min: 1, max: 7 }),
      slots: fc.integer({ min: 1, max: 5 }),
      times: fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.nat(4)), {
        minLength: 1,
        maxLength: 4,
      }),
      staggered: fc.boolean(),
    })
    .chain((job) => {
      const { pipelines, times } = job;
      const workers = Array.from({ length: pipelines }, (_, pipeline) => pipeline);
      // At least one worker of every stage lives.
      const dead = fc.tuple(...times.map(() => fc.subarray(workers, { maxLength: pipelines - 1 })));
      return fc.record({ job: fc.constant(job), dead });
    });
  fc.assert(
    fc.property(jobs, ({ job: { pipelines, microBatches, slots, times, staggered }, dead }) => {
      const stages = times.map(([forward, inputGradient, weightGradient]) => ({ forward, inputGradient, weightGradient }));
      const job = { pipelines, microBatches, stages };
      const failed = dead.flatMap((list, stage) => list.map((pipeline) => ({ pipeline, stage })));
      const graph = taskGraph(job, failed, false, () => slots);
      const loads = stageLoads(job, graph.live, slots);
      const done = graph.workers.reduce((count, worker) => count.set(worker, (count.get(worker) ?? 0) + 1 / 3), new Map());
      const most = stages.map((_, s) =>
        Math.max(...Array.from({ length: pipelines }, (_, p) => Math.round(done.get(p * stages.length + s) ?? 0))),
      );
      expect(loads.map(({ microBatches }) => microBatches)).toEqual(most);
      expect(stageBound(loads, staggered)).toEqual(periodBound(graph, staggered));
    }),
  );
});
