/** A simulated trial as a picture: throughput of each system, with what happened meanwhile. */
import type { TimelineEvent, TimelineRow } from "../core/simulation/timeline.ts";
import { numberAxis } from "./pictures/axes.ts";
import { type Axis, linePlot, type Rug } from "./pictures/linePlot.ts";
import type { Panel, Picture } from "./pictures/picture.ts";
import { ticks } from "./pictures/scales.ts";
import { KINDS } from "./pictures/theme.ts";
import { durationText, timeUnit } from "./pictures/timeUnit.ts";
import { fixed, grouped } from "./table.ts";

/** Points of a curve, and parts of the time that its mean is of. */
const POINTS = 160;
const WINDOWS = 10;
/** Strokes of a rug that can be told apart. */
const STROKES = 200;

const RUGS: readonly { readonly event: TimelineEvent; readonly one: string; readonly many: string; readonly colour: number }[] = [
  { event: "failure", one: "failure", many: "failures", colour: 1 },
  { event: "addition", one: "join", many: "joins", colour: 2 },
  { event: "restart", one: "restart", many: "restarts", colour: 3 },
  { event: "checkpoint", one: "checkpoint", many: "checkpoints", colour: 5 },
];

/**
 * A panel for each system, and the samples of all.
 * @param subject what is simulated
 * @param seconds length of the time axis
 */
export function throughputPicture(subject: string, timeline: readonly TimelineRow[], seconds: number): Picture {
  const systems = [...new Set(timeline.map(({ system }) => system))];
  const runs = systems.map((name) => timeline.filter(({ system }) => system === name));
  const unit = timeUnit(seconds);
  const window = seconds / WINDOWS;
  const averages = runs.map((rows) => movingAverage(rows, seconds, window));
  const trained = runs.map((rows) => rows.at(-1)?.samples ?? 0);
  const order = Array.from(systems.keys()).sort((a, b) => trained[b]! - trained[a]! || a - b);
  const [best, ...others] = order as [number, ...number[]];
  const over = others.map((s) =>
    trained[s]! > 0 ? `${fixed(trained[best]! / trained[s]!, 2)} x ${systems[s]}` : `${systems[s]} none`,
  );
  const time = (title: string, width: number): Axis => ({
    title,
    from: 0,
    to: seconds,
    ticks: ticks(0, seconds / unit.seconds, width < 500 ? 5 : 10).map((at) => ({ at: at * unit.seconds, name: String(at) })),
  });
  const y = numberAxis("samples a second", [0, ...averages.flatMap((points) => points.map((point) => point.y))]);
  const panels = runs.map((rows, s): Panel => {
    const rugs = RUGS.map((rug) => rugOf(rows, seconds, rug)).filter(({ at }) => at.length > 0);
    const mean = seconds === 0 ? 0 : trained[s]! / seconds;
    return {
      title: `${systems[s]}: ${fixed(mean, 2)} samples a second`,
      draw: (width) =>
        linePlot(
          {
            x: time(unit.name, width),
            y,
            series: [
              {
                name: "throughput",
                colour: 0,
                points: averages[s]!.map(({ x, y: rate }) => ({
                  x,
                  y: rate,
                  tip: `${systems[s]}, ${fixed(x / unit.seconds, 1)} ${unit.name}: ${fixed(rate, 2)}`,
                })),
              },
            ],
            rugs,
            height: 130,
          },
          width,
        ),
    };
  });
  return {
    title: `${subject}: ${systems[best]} trains most${over.length === 0 ? "" : `, ${over.join(", ")}`}`,
    subtitle: `One trial of ${durationText(Math.round(seconds))}; throughput is a moving average over ${durationText(Math.round(window))}, with what happened below.`,
    panels: [...panels, samplesPanel(systems, runs, seconds, (width) => time(unit.name, width))],
  };
}

function samplesPanel(
  systems: readonly string[],
  runs: readonly (readonly TimelineRow[])[],
  seconds: number,
  x: (width: number) => Axis,
): Panel {
  const curves = runs.map((rows) => {
    const at = cursor(rows, ({ samples }) => samples);
    return Array.from({ length: POINTS + 1 }, (_, i) => ({ x: (i * seconds) / POINTS, y: at((i * seconds) / POINTS) }));
  });
  return {
    title: "Samples trained",
    note: "Less those that restarts took back.",
    draw: (width) =>
      linePlot(
        {
          x: x(width),
          y: numberAxis("samples", [0, ...curves.flatMap((points) => points.map(({ y }) => y))]),
          series: curves.map((points, s) => ({
            name: systems[s]!,
            colour: s % KINDS,
            points: points.map((point, i) =>
              i % 8 === 0 ? { ...point, tip: `${systems[s]}: ${grouped(Math.round(point.y))} samples` } : point,
            ),
          })),
        },
        width,
      ),
  };
}

/** Samples between rows lie on a line; for times that rise from call to call. */
function cursor(rows: readonly TimelineRow[], figure: (row: TimelineRow) => number): (second: number) => number {
  let at = 0;
  return (second) => {
    while (at + 1 < rows.length && rows[at + 1]!.second <= second) at++;
    const [row, next] = [rows[at], rows[at + 1]];
    if (row === undefined) return 0;
    if (next === undefined || next.second <= row.second) return figure(row);
    return figure(row) + ((figure(next) - figure(row)) * (second - row.second)) / (next.second - row.second);
  };
}

/** Mean rate of the window around each point, cut off at both ends. */
function movingAverage(rows: readonly TimelineRow[], seconds: number, window: number): { x: number; y: number }[] {
  // Samples produced so far, those taken back later included.
  let sum = 0;
  const produced = rows.map((row, i) => {
    const before = rows[i - 1];
    if (before !== undefined) sum += before.samplesPerSecond * (row.second - before.second);
    return { ...row, samples: sum };
  });
  const [ahead, behind] = [cursor(produced, ({ samples }) => samples), cursor(produced, ({ samples }) => samples)];
  return Array.from({ length: POINTS + 1 }, (_, i) => {
    const x = (i * seconds) / POINTS;
    const [from, to] = [Math.max(0, x - window / 2), Math.min(seconds, x + window / 2)];
    const [start, end] = [behind(from), ahead(to)];
    return { x, y: to > from ? (end - start) / (to - from) : 0 };
  });
}

function rugOf(rows: readonly TimelineRow[], seconds: number, { event, one, many, colour }: (typeof RUGS)[number]): Rug {
  const moments = rows.filter((row) => row.event === event).map(({ second }) => second);
  const strokes = new Map<number, number[]>();
  for (const moment of moments) {
    const stroke = Math.floor((moment / seconds) * STROKES);
    strokes.set(stroke, [...(strokes.get(stroke) ?? []), moment]);
  }
  const at = [...strokes.values()].map((together) => ({
    x: together[0]!,
    tip: `${together.length === 1 ? one : `${together.length} ${many}`} after ${durationText(Math.round(together[0]!))}`,
  }));
  return { name: `${grouped(moments.length)} ${moments.length === 1 ? one : many}`, colour, at };
}
