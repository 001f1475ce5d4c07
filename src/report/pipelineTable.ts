/** A pipeline plan as a person reads it: what each technique does for the period, and what each stage does. */
import type { PipelineFiguresFields, PipelinePlanDocument } from "../formats/documents/pipelinePlan.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { percent, textTable } from "./table.ts";

/** The table; for a lost stage what to do instead. */
export function pipelineTable(document: PipelinePlanDocument, paint: Paint, width: number): string {
  const { pipelines, stages, microBatches, failed, plan, steps = [], faultFree } = document;
  const who = failed.length === 0 ? "nobody failed" : `${listed(failed)} failed`;
  const head = "Pipeline plan";
  const said = `${head} of ${pipelines} pipelines x ${stages} stages, ${microBatches} micro-batches each; ${who}`;
  const title = paint.bold(head) + wrapped(said, width).slice(head.length);
  if (plan === undefined) return [title, paint.red(wrapped(`Not recoverable: ${document.reason}`, width))].join("\n\n");
  const time = timeText(document);
  const rows = steps.map((step) => [
    nameOf(step, failed.length > 0),
    time(step.period),
    slowdown(step.period, faultFree),
    time(step.bound.period),
    `${step.bound.limit}, stage ${step.bound.stage}`,
    String(step.peak),
  ]);
  const heads = ["period", "slowdown", "bound", "limit", "activations"].map((name) => ({ head: name }));
  return [
    title,
    `Period ${time(plan.period)}, ${slowdown(plan.period, faultFree)} times that before the failure; ${verdict(plan, time)}`
      .split("\n")
      .map((line) => wrapped(line, width))
      .join("\n"),
    textTable(
      [{ head: "", align: "left" }, ...heads],
      [["1F1B before the failure", time(faultFree), "1.000", "", "", String(Math.min(stages, microBatches))], ...rows],
      paint,
    ),
    stageTable(document, time, paint),
  ].join("\n\n");
}

function stageTable(
  { byStage = [], stageTimes, plan }: PipelinePlanDocument,
  time: (value: number) => string,
  paint: Paint,
): string {
  const columns = ["stage", "live", "micro-batches", "busy", "from", "to", "activations", "of"];
  return textTable(
    columns.map((head) => ({ head })),
    byStage.map(({ stage, live, microBatches, start, end, peak, slots }) => {
      const { forward, inputGradient, weightGradient } = stageTimes[stage]!;
      const busy = ((forward + inputGradient + weightGradient) * microBatches) / plan!.period;
      return [stage, live, microBatches, percent(busy, 0), time(start), time(end), peak, slots].map(String);
    }),
    paint,
  );
}

function nameOf({ backward, optimizer }: PipelineFiguresFields, hasFailed: boolean): string {
  if (optimizer === "staggered") return "+ staggered optimizer";
  return backward === "split" ? "+ backward in two" : hasFailed ? "rerouted to live peers" : "with these slots";
}

/** How far the plan may be from the shortest period. */
function verdict({ period, bound }: PipelineFiguresFields, time: (value: number) => string): string {
  const reason = {
    work: `stage ${bound.stage} has work for it`,
    "round-trip": `stage ${bound.stage} has work for it, and waits for its first gradient`,
    pipeline: `the first micro-batch has to reach stage ${bound.stage}, and the last to return`,
    activations: `stage ${bound.stage} has no room for more activations`,
  }[bound.limit];
  const gap = period / bound.period - 1;
  return gap < 1e-9
    ? `no schedule is shorter:\n${reason}.`
    : `none is shorter than ${time(bound.period)} (${percent(gap)} less):\n${reason}.`;
}

function slowdown(period: number, faultFree: number): string {
  return (period / faultFree).toFixed(3);
}

/** Times of a document in a unit that suits its period. */
export function timeText({ unit, faultFree }: PipelinePlanDocument): (value: number) => string {
  const isShort = unit === "seconds" && faultFree < 10;
  const word = unit === "units" ? "" : isShort ? " ms" : " s";
  return (value) => `${Number((isShort ? value * 1000 : value).toFixed(2))}${word}`;
}

function listed(names: readonly string[]): string {
  return names.length <= 6 ? names.join(", ") : `${names.slice(0, 5).join(", ")}, ... (${names.length} workers)`;
}
