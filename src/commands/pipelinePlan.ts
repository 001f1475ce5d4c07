/** lazarus pipeline-plan: how a pipeline-parallel job goes on when workers of it failed. */
import type { PipelineJob } from "../core/pipeline/pipelineJob.ts";
import { BACKWARDS, OPTIMIZERS, planPipeline } from "../core/pipeline/planPipeline.ts";
import { StagesLost } from "../core/pipeline/route.ts";
import { UsageError } from "../errors.ts";
import { checkPipelinePlan, type PipelinePlanDocument } from "../formats/documents/pipelinePlan.ts";
import { lostPipelineDocument, pipelinePlanDocument, workerName } from "../formats/pipelinePlanDocument.ts";
import { parseActivationSlots, parsePipelineWorkers, parseStageTimes } from "../formats/pipelineTexts.ts";
import { parseCount } from "../formats/units.ts";
import { defineCommand } from "./command.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { lastOf, plotOption } from "./plotOption.ts";
import { complain } from "./warn.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";

const NOT_RECOVERABLE = 3;
/** Micro-batches at stages; more take minutes. */
const MOST = 200_000;

const options = {
  pipelines: option({ letter: "D", argument: "N", parse: parseCount(1), says: "Data-parallel pipelines, all alike." }),
  stages: option({ letter: "S", argument: "N", parse: parseCount(1), says: "Stages of a pipeline, one worker each." }),
  "micro-batches": option({
    letter: "N",
    argument: "N",
    parse: parseCount(1),
    says: "Micro-batches of each pipeline in an iteration.",
  }),
  "stage-times": option({
    argument: "F,Bi,Bw[/...]",
    fallback: "1,1,1",
    parse: parseStageTimes,
    says: "What a micro-batch takes at a stage: forward pass, gradient of the input, gradient of the weights. Durations such as 10ms,9ms,8ms, or plain numbers in a unit of yours. Three for all stages, or three for each between slashes.",
  }),
  failed: option({
    argument: "LIST",
    parse: parsePipelineWorkers,
    says: "Workers that failed, PIPELINE.STAGE between commas, both counted from 0: 1.2 is stage 2 of pipeline 1.",
  }),
  "activation-slots": option({
    argument: "K|+K",
    parse: parseActivationSlots,
    says: "Activations that a worker may hold at once, from a forward pass to the gradient of the weights; +K: K more than 1F1B holds at its stage, which is S less the stage's number. Default: S, 1F1B's at the first stage.",
  }),
  backward: choice({
    choices: BACKWARDS,
    fallback: "split",
    says: "Backward passes in two, so that the stage before waits for the input's gradient only, or whole.",
  }),
  optimizer: choice({
    choices: OPTIMIZERS,
    fallback: "staggered",
    says: "Each stage steps its optimizer and goes on when its own workers are done, or all together.",
  }),
  plot: plotOption("the schedule: a row a worker, a box a task, rerouted ones framed, the next iteration pale"),
  ...outputOptions,
};

export const pipelinePlan = defineCommand({
  name: "pipeline-plan",
  summary: "reroute a pipeline-parallel job around failed workers",
  examples: [
    {
      says: "Three pipelines of four stages, stage 2 of pipeline 1 failed",
      line: "lazarus pipeline-plan -D 3 -S 4 -N 6 --failed 1.2",
    },
    {
      says: "Measured times, one more activation a worker than before, and a picture",
      line: "lazarus pipeline-plan -D 3 -S 4 -N 6 --stage-times 10ms,9ms,8ms --failed 1.2 --activation-slots +1 --plot plan.svg",
    },
    {
      says: "Every task as a row",
      line: "lazarus pipeline-plan -D 3 -S 4 -N 6 --failed 1.2,0.3 --format csv",
    },
  ],
  description: [
    "Plans an iteration of a job with pipeline and data parallelism after ReCycle (arXiv 2405.14009): micro-batches of a failed worker go round robin to the live workers of its stage; backward passes are split in two, so that gradients of weights fill idle times; each stage steps its optimizer alone, so that its next iteration begins before other stages end theirs. Writes a pipeline-plan: the period with each technique on top of those before, a lower bound and what it comes from, activations held, and every task with its worker and time. Times leave out communication and the optimizer's step; where they matter, add them to the stage times.",
    "Activations are what a short period costs: with few slots the bound and the period rise. The comparison is with 1F1B before the failure and one optimizer step for all; with the same techniques and nobody failed a job is faster than that (leave out --failed).",
    "Schedules are greedy ones and random variations of them (always the same), and at most so much longer than the shortest as the bound says. A stage all of whose workers failed cannot be rerouted: the document says so with recoverable false and the exit code is 3.",
    "Rerouting needs a full copy of a stage in every pipeline, so it cannot serve expert-parallel layers, whose experts are on one pipeline's ranks only: for those, place and recover.",
    `Limits: ${MOST.toLocaleString("en")} micro-batches times stages of all pipelines.`,
  ],
  options,
  exitCodes: { [NOT_RECOVERABLE]: "Not recoverable: a stage has no live worker." },
  run: (given) =>
    writeDocuments(given, renderers, async (write) => {
      const job = jobOf(given);
      const failed = given.failed ?? [];
      checkFailed(job, failed);
      const planned = { job, unit: given["stage-times"].unit, failed };
      const document = planOrLoss();
      await write(document);
      if (!document.recoverable) {
        if (given.format === "csv") complain(`no plan: ${document.reason}`);
        return NOT_RECOVERABLE;
      }
      return 0;

      function planOrLoss(): PipelinePlanDocument {
        try {
          return pipelinePlanDocument(planned, planPipeline(job, failed, slotsOf(given), given));
        } catch (error) {
          if (error instanceof StagesLost) return lostPipelineDocument(planned, error.stages);
          throw error;
        }
      }
    }),
});

type Given = OptionValues<typeof options>;

const renderers: Renderers<PipelinePlanDocument> = {
  check: checkPipelinePlan,
  csv: async () => (await import("../formats/pipelinePlanCsv.ts")).pipelinePlanCsv,
  table: async () => (await import("../report/pipelineTable.ts")).pipelineTable,
  picture: async () => lastOf((await import("../report/pipelinePicture.ts")).pipelinePicture),
};

function jobOf({ pipelines, stages, "micro-batches": microBatches, "stage-times": times }: Given): PipelineJob {
  if (pipelines === undefined || stages === undefined || microBatches === undefined) {
    const missing = [
      pipelines === undefined ? "-D (pipelines)" : [],
      stages === undefined ? "-S (stages)" : [],
      microBatches === undefined ? "-N (micro-batches of a pipeline)" : [],
    ].flat();
    throw new UsageError(`${missing.join(", ")} missing; give the job's shape, as in -D 3 -S 4 -N 6`);
  }
  if (pipelines * stages * microBatches > MOST)
    throw new UsageError(
      `${pipelines} pipelines x ${stages} stages x ${microBatches} micro-batches are more than ${MOST}; plan fewer pipelines: those without failures are alike`,
    );
  if (times.stages.length !== 1 && times.stages.length !== stages)
    throw new UsageError(
      `--stage-times has times of ${times.stages.length} stages; expected three for all, or those of ${stages}`,
    );
  return {
    pipelines,
    microBatches,
    stages: Array.from({ length: stages }, (_, stage) => times.stages[times.stages.length === 1 ? 0 : stage]!),
  };
}

function checkFailed({ pipelines, stages }: PipelineJob, failed: NonNullable<Given["failed"]>): void {
  const stranger = failed.find(({ pipeline, stage }) => pipeline >= pipelines || stage >= stages.length);
  if (stranger !== undefined)
    throw new UsageError(
      `--failed: there is no worker ${workerName(stranger)}; pipelines are 0 to ${pipelines - 1}, stages 0 to ${stages.length - 1} (PIPELINE.STAGE)`,
    );
}

function slotsOf({ "activation-slots": typed, stages }: Given): (stage: number) => number {
  return (stage) => (typed === undefined ? stages! : typed.isExtra ? stages! - stage + typed.count : typed.count);
}
