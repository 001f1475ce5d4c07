/** A pipeline plan as a picture: a row a worker, a box a task. */
import type { PipelinePlanDocument } from "../formats/documents/pipelinePlan.ts";
import { timeText } from "./pipelineTable.ts";

/** Colours of Okabe and Ito, which stay apart for colour-blind readers and in print. */
const COLOURS = { F: "#56B4E9", Bi: "#E69F00", Bw: "#009E73", B: "#E69F00" };
const NAMES = { F: "F forward", Bi: "Bi input gradient", Bw: "Bw weight gradient", B: "B backward" };
const ROW = 22;
const GAP = 10;
const LEFT = 56;
const TOP = 56;
const WIDTH = 1160;
/** Narrowest box that a number fits into, in pixels a character. */
const CHARACTER = 7;

/** The picture as SVG text in pieces. It is white, with colours of its own, on every page. */
export function* pipelineGantt(document: PipelinePlanDocument): Generator<string> {
  const { workers = [], pipelines, stages, plan } = document;
  const time = timeText(document);
  const period = plan?.period ?? 0;
  const end = Math.max(period, ...(document.byStage ?? []).map((stage) => stage.end));
  const x = (at: number) => round(LEFT + (at / end) * WIDTH);
  const top = (row: number) => TOP + row * ROW + Math.floor(row / stages) * GAP;
  const height = top(pipelines * stages - 1) + ROW + 34;
  const width = LEFT + WIDTH + 20;
  yield `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11" fill="#222">\n`;
  yield `<rect width="${width}" height="${height}" fill="white"/>\n<text x="${LEFT}" y="20" font-size="13" font-weight="bold">${heading(document)}</text>\n`;
  yield* legend(document);
  for (const [row, { worker, failed, tasks }] of workers.entries()) {
    const y = top(row);
    yield `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${worker}</text>\n`;
    if (failed) {
      yield `<rect x="${LEFT}" y="${y + 1}" width="${WIDTH}" height="${ROW - 2}" fill="#eee"/><text x="${LEFT + 6}" y="${y + 15}" fill="#777">failed</text>\n`;
      continue;
    }
    yield `<rect x="${LEFT}" y="${y + 1}" width="${WIDTH}" height="${ROW - 2}" fill="#fafafa"/>\n`;
    const own = Number(worker.slice(0, worker.indexOf(".")));
    for (const [kind, pipeline, microBatch, start, stop] of tasks) {
      const rerouted = pipeline !== own;
      const label = rerouted ? `${pipeline}:${microBatch}` : String(microBatch);
      for (const [from, to, isNext] of [[start, stop, false] as const, [start + period, stop + period, true] as const]) {
        if (from >= end) continue;
        const [left, right] = [x(from), x(Math.min(to, end))];
        const look = `fill="${COLOURS[kind]}"${isNext ? ' opacity="0.3"' : ""} stroke="${rerouted ? "#000" : "#fff"}" stroke-width="${rerouted ? 1.5 : 0.5}"`;
        yield `<rect x="${left}" y="${y + 2}" width="${round(right - left)}" height="${ROW - 4}" ${look}/>`;
        if (!isNext && right - left >= label.length * CHARACTER)
          yield `<text x="${round((left + right) / 2)}" y="${y + 15}" text-anchor="middle">${label}</text>`;
      }
    }
    yield "\n";
  }
  const bottom = height - 30;
  for (const tick of ticks(end)) {
    yield `<path d="M${x(tick)} ${bottom}v5" stroke="#777"/><text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${time(tick)}</text>\n`;
  }
  yield `<path d="M${x(period)} ${TOP - 4}V${bottom}" stroke="#000" stroke-dasharray="4 3"/>\n</svg>\n`;
}

function heading(document: PipelinePlanDocument): string {
  const { failed, plan, faultFree } = document;
  const time = timeText(document);
  const who = failed.length === 0 ? "nobody failed" : `${failed.length} worker${failed.length === 1 ? "" : "s"} failed`;
  return `${who}: period ${time(plan?.period ?? 0)} (dashed), before ${time(faultFree)}, bound ${time(plan?.bound.period ?? 0)}`;
}

function* legend({ workers = [] }: PipelinePlanDocument): Generator<string> {
  const present = new Set(workers.flatMap(({ tasks }) => tasks.map(([kind]) => kind)));
  let left = LEFT;
  for (const kind of ["F", "Bi", "Bw", "B"] as const) {
    if (!present.has(kind)) continue;
    yield `<rect x="${left}" y="30" width="12" height="12" fill="${COLOURS[kind]}"/><text x="${left + 17}" y="40">${NAMES[kind]}</text>\n`;
    left += 150;
  }
  yield `<rect x="${left}" y="30.5" width="11" height="11" fill="white" stroke="#000" stroke-width="1.5"/><text x="${left + 17}" y="40">rerouted, pipeline:number</text>`;
  yield `<rect x="${left + 190}" y="30" width="12" height="12" fill="${COLOURS.F}" opacity="0.3"/><text x="${left + 207}" y="40">next iteration</text>\n`;
}

/** About ten round times. */
function ticks(end: number): number[] {
  const rough = 10 ** Math.floor(Math.log10(end / 10));
  const step = [1, 2, 5, 10].map((factor) => factor * rough).find((size) => end / size <= 15)!;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}

function round(pixels: number): number {
  return Number(pixels.toFixed(2));
}
