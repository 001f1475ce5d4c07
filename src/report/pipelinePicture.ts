/** A pipeline plan as a picture: a row a worker, a box a task. */
import type { PipelinePlanDocument } from "../formats/documents/pipelinePlan.ts";
import type { Swatch } from "./pictures/legend.ts";
import type { Drawing, Picture } from "./pictures/picture.ts";
import { ticks } from "./pictures/scales.ts";
import { fitted, label, markup, px, textWidth } from "./pictures/text.ts";
import { timeText } from "./pipelineTable.ts";

const LOOKS = { F: "c5", Bi: "c4", Bw: "c2", B: "c4" };
const NAMES = { F: "forward", Bi: "input gradient", Bw: "weight gradient", B: "backward" };
const ROW = 22;
const GAP = 10;
const LONGEST_NAME = 60;
/** A task takes so many pixels, or the picture is as wide as the page. */
const TASK = 14;
/** Digits over a box have this size. */
const DIGIT = 11;

/** The schedule, and the next iteration pale behind it. */
export function pipelinePicture(document: PipelinePlanDocument): Picture | string {
  const { failed, plan, faultFree, workers = [], pipelines, stages } = document;
  if (!document.recoverable) return document.reason ?? "a stage is lost";
  const time = timeText(document);
  const who = failed.length === 0 ? "nobody failed" : `${failed.length} worker${failed.length === 1 ? "" : "s"} failed`;
  const present = new Set(workers.flatMap(({ tasks }) => tasks.map(([kind]) => kind)));
  const swatches: Swatch[] = [
    ...(["F", "Bi", "Bw", "B"] as const).flatMap((kind) => (present.has(kind) ? [{ name: NAMES[kind], look: LOOKS[kind] }] : [])),
    ...(failed.length > 0 ? [{ name: "rerouted, pipeline:number", look: "bg frame" }] : []),
    ...(endOf(document) > (plan?.period ?? 0) ? [{ name: "next iteration", look: `${LOOKS.F} next` }] : []),
  ];
  return {
    title: `${who}: period ${time(plan?.period ?? 0)} (dashed), before ${time(faultFree)}, bound ${time(plan?.bound.period ?? 0)}`,
    subtitle: `${pipelines} pipeline${pipelines === 1 ? "" : "s"} of ${stages} stages; a row a worker, pipeline.stage.`,
    panels: [{ title: "Who computes what when", swatches, draw: (width) => schedule(document, width) }],
  };
}

/** When the last stage is done; later than the period where the next iteration has begun by then. */
function endOf({ plan, byStage = [] }: PipelinePlanDocument): number {
  return Math.max(plan?.period ?? 0, ...byStage.map(({ end }) => end));
}

function schedule(document: PipelinePlanDocument, wanted: number): Drawing {
  const { workers = [], stages, plan } = document;
  const time = timeText(document);
  const period = plan?.period ?? 0;
  const end = endOf(document);
  const shortest = workers.reduce(
    (least, { tasks }) => tasks.reduce((each, [, , , start, stop]) => Math.min(each, stop - start), least),
    end,
  );
  const left = Math.min(LONGEST_NAME, Math.max(0, ...workers.map(({ worker }) => textWidth(worker)))) + 8;
  const width = Math.max(wanted, Math.min(4000, left + (TASK * end) / Math.max(shortest, end / 400)));
  const x = (at: number) => left + (at / end) * (width - left - 10);
  const top = (row: number) => row * ROW + Math.floor(row / stages) * GAP;
  const bottom = top(Math.max(0, workers.length - 1)) + ROW;
  const marks: string[] = [];
  for (const [row, { worker, failed, tasks }] of workers.entries()) {
    const y = top(row);
    marks.push(`\n${label(left - 6, y + 15, fitted(worker, left - 8), ' text-anchor="end"')}`);
    if (failed) {
      marks.push(
        `<rect class="none" x="${px(left)}" y="${y + 1}" width="${px(x(end) - left)}" height="${ROW - 2}"/>`,
        label(left + 6, y + 15, "failed", ' class="dim"'),
      );
      continue;
    }
    // Their frames lie above the boxes beside them.
    const rerouted: string[] = [];
    const own = Number(worker.slice(0, worker.indexOf(".")));
    for (const [kind, pipeline, microBatch, start, stop] of tasks) {
      const isRerouted = pipeline !== own;
      const number = isRerouted ? `${pipeline}:${microBatch}` : String(microBatch);
      const [from, to] = [x(start), x(Math.min(stop, end))];
      const tip = `${worker}: ${NAMES[kind]} of ${pipeline}:${microBatch}, ${time(start)} to ${time(stop)}`;
      const size = (a: number, b: number) => `x="${px(a)}" y="${y + 2}" width="${px(b - a)}" height="${ROW - 4}"`;
      (isRerouted ? rerouted : marks).push(
        `<rect class="${LOOKS[kind]} ${isRerouted ? "framed" : "edge"}" ${size(from, to)}><title>${markup(tip)}</title></rect>`,
      );
      if (start + period < end)
        marks.push(`<rect class="${LOOKS[kind]} next" ${size(x(start + period), x(Math.min(stop + period, end)))}/>`);
      if (to - from >= textWidth(number, DIGIT) + 2)
        (isRerouted ? rerouted : marks).push(label((from + to) / 2, y + 15, number, ' class="on over" text-anchor="middle"'));
    }
    marks.push(...rerouted);
  }
  for (const at of ticks(0, end, 12)) {
    if (x(at) > width - 12 && at < end) continue;
    marks.push(
      `<path class="axis" d="M${px(x(at))} ${bottom + 2}v5"/>`,
      label(Math.min(x(at), width - 14), bottom + 20, time(at), ' text-anchor="middle"'),
    );
  }
  marks.push(`<path class="frame" stroke-dasharray="4 3" d="M${px(x(period))} 0V${bottom}"/>`);
  return { width, height: bottom + 28, marks: marks.join("") };
}
