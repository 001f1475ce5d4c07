/** The schedule before any failure: one forward, one backward (1F1B), all stages stepping their optimizer together. */
import { fixedOrder } from "./fixedOrder.ts";
import type { PipelineJob } from "./pipelineJob.ts";
import { taskGraph } from "./taskGraph.ts";
import { togetherTiming } from "./timing.ts";

/**
 * Its period. Stage s of S does S - s forward passes, then one backward and one forward pass in turn. With the same times at all stages that takes
 * (N + S - 1) (F + Bi + Bw).
 * @throws RangeError
 */
export function oneForwardOneBackward(job: PipelineJob): number {
  const { microBatches: N, pipelines } = job;
  const S = job.stages.length;
  const graph = taskGraph(job, [], true, (stage) => S - stage);
  const orders = Array.from({ length: pipelines * S }, (_, worker) => {
    const stage = worker % S;
    const first = Math.floor(worker / S) * N;
    const task = (i: number) => ((first + i) * S + stage) * 3;
    const ahead = Math.min(N, S - stage);
    const order = Array.from({ length: ahead }, (_, i) => task(i));
    for (let i = 0; i < N; i++) {
      order.push(task(i) + 1, task(i) + 2);
      if (i + ahead < N) order.push(task(i + ahead));
    }
    return order;
  });
  return togetherTiming(fixedOrder(graph, orders)!).period;
}
