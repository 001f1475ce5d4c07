/** ReCycle's example (arXiv 2405.14009): one of three times four workers dead, six micro-batches a pipeline. */
import { type PipelinePlan, planPipeline } from "../../core/pipeline/planPipeline.ts";

const [PIPELINES, STAGES, MICRO_BATCHES] = [3, 4, 6];
const failed = [{ pipeline: 1, stage: 2 }];

/** What it has to take, ours and theirs in slots. */
export interface RecycleRow {
  readonly what: string;
  readonly theirs: number;
  readonly ours: number;
  readonly remark: string;
}

/** Rows of the example, and in a line why rerouting may take fewer slots than theirs. */
export function recycleExample(): { readonly rows: readonly RecycleRow[]; readonly why: string } {
  const stages = new Array(STAGES).fill({ forward: 1, inputGradient: 1, weightGradient: 1 });
  const job = { pipelines: PIPELINES, microBatches: MICRO_BATCHES, stages };
  const all = () => PIPELINES * MICRO_BATCHES;
  const best = planPipeline(job, failed, all, { backward: "split", optimizer: "staggered" });
  const [rerouted, split, staggered] = best.steps;
  const tight = planPipeline(job, failed, (stage) => STAGES - stage, { backward: "whole", optimizer: "together" });
  const free = planPipeline(job, failed, all, { backward: "whole", optimizer: "together" });
  const roomy = "with room for all activations";
  const rows = [
    { what: "without a failure", theirs: 27, ours: best.faultFree, remark: "synchronous 1F1B" },
    { what: "rerouted", theirs: 36, ours: tight.period, remark: "as many activations as 1F1B holds at each stage" },
    { what: "with split backward passes", theirs: 29, ours: split!.period, remark: roomy },
    { what: "with staggered optimizers", theirs: 27, ours: staggered!.period, remark: roomy },
  ];
  const sound = [tight, free, best].every(isSound) ? "each pass of each micro-batch is there once, none overlap" : "UNSOUND";
  const why = `ReCycle, rerouted: ${rerouted!.period} slots ${roomy}, ${tight.period} with as many as 1F1B holds; no schedule takes fewer than ${rerouted!.bound.period} (${rerouted!.bound.limit} of stage ${rerouted!.bound.stage}); ${sound}.`;
  return { rows, why };
}

/** Whether every pass of every micro-batch is done once at every stage, and no worker does two at a time. */
function isSound({ workers, backward }: PipelinePlan): boolean {
  const passes = backward === "split" ? 3 : 2;
  const done = new Set<string>();
  let tasks = 0;
  for (const worker of workers) {
    worker.tasks.forEach(({ kind, pipeline, microBatch, start }, i) => {
      tasks++;
      done.add([worker.stage, kind, pipeline, microBatch].join());
      if (i > 0 && start < worker.tasks[i - 1]!.end - 1e-9) tasks = Number.NaN;
    });
    if (worker.failed && worker.tasks.length > 0) return false;
  }
  return tasks === done.size && tasks === passes * PIPELINES * STAGES * MICRO_BATCHES;
}
