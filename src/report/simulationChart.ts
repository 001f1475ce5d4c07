/** Charts of simulations. */
import type { TimelineRow } from "../core/simulation/timeline.ts";
import type { ChartSpec } from "./chart.ts";
import type { SimulationGroup } from "./simulationTable.ts";

const BINS = 120;
const PANEL = { width: 640, height: 260 };
const SMALL_PANEL = { width: 300, height: 200 };

/**
 * Throughput over time, with the failures marked, above samples trained over time.
 * @param seconds length of the time axis
 */
export function throughputChart(title: string, timeline: readonly TimelineRow[], seconds: number): ChartSpec {
  const systems = distinct(timeline.map(({ system }) => system));
  const rates = systems.flatMap((system) => smoothedRates(system, ofSystem(timeline, system), seconds));
  const samples = timeline.map(({ system, second, samples: trained }) => ({ system, minute: second / 60, samples: trained }));
  const failures = ofSystem(timeline, systems[0] ?? "")
    .filter(({ event }) => event === "failure")
    .map(({ second }) => ({ minute: second / 60 }));
  const minute = { field: "minute", type: "quantitative", title: "minutes", scale: { domain: [0, seconds / 60], nice: false } };
  const color = { field: "system", type: "nominal", sort: systems, title: null };
  return {
    title,
    vconcat: [
      {
        ...PANEL,
        layer: [
          {
            data: { values: failures },
            mark: { type: "rule", color: "#bbbbbb", strokeDash: [3, 3] },
            encoding: { x: minute },
          },
          {
            data: { values: rates },
            mark: { type: "line", strokeWidth: 1.5 },
            encoding: { x: minute, y: quantity("samplesPerSecond", "samples a second"), color },
          },
        ],
      },
      {
        ...PANEL,
        data: { values: samples },
        mark: { type: "line", strokeWidth: 1.5 },
        encoding: { x: minute, y: quantity("samples", "samples trained"), color },
      },
    ],
  } as ChartSpec;
}

/** Shares of time by activity, a stacked bar for each system of each model. */
export function breakdownChart(
  title: string,
  shares: readonly { model: string; system: string; activity: string; share: number }[],
): ChartSpec {
  const activities = distinct(shares.map(({ activity }) => activity));
  return {
    title,
    data: { values: shares.map((share) => ({ ...share, rank: activities.indexOf(share.activity) })) },
    mark: "bar",
    ...SMALL_PANEL,
    encoding: {
      column: { field: "model", type: "nominal", sort: distinct(shares.map(({ model }) => model)), title: null },
      x: { field: "system", type: "nominal", sort: null, title: null, axis: { labelAngle: 0 } },
      y: { ...quantity("share", "share of the time"), stack: "zero", axis: { format: "%" }, scale: { domain: [0, 1] } },
      color: { field: "activity", type: "nominal", sort: activities, title: null },
      order: { field: "rank" },
    },
  } as ChartSpec;
}

/** Probability that all experts survive against the number of failed nodes. */
export function recoveryChart(
  title: string,
  points: readonly { panel: string; placement: string; failed: number; probability: number }[],
): ChartSpec {
  return {
    title,
    data: { values: points },
    mark: { type: "line", point: true },
    ...SMALL_PANEL,
    encoding: {
      facet: { field: "panel", type: "nominal", sort: distinct(points.map(({ panel }) => panel)), title: null, columns: 2 },
      x: { field: "failed", type: "ordinal", title: "failed nodes", axis: { labelAngle: 0 } },
      y: { ...quantity("probability", "recovery probability"), axis: { format: "%" } },
      color: { field: "placement", type: "nominal", sort: null, title: null },
    },
  } as ChartSpec;
}

/** Throughput against the skew of the loads. */
export function imbalanceChart(
  title: string,
  points: readonly { ratio: number; system: string; samplesPerSecond: number }[],
): ChartSpec {
  return {
    title,
    data: { values: points },
    mark: { type: "line", point: true },
    ...PANEL,
    encoding: {
      x: { field: "ratio", type: "ordinal", title: "load of the hottest expert over its even share", axis: { labelAngle: 0 } },
      y: quantity("samplesPerSecond", "samples a second"),
      color: { field: "system", type: "nominal", sort: null, title: null },
    },
  } as ChartSpec;
}

/** A bar of a chart with its 95 % interval. */
export interface IntervalBar {
  readonly panel: string;
  readonly setting: string;
  readonly system: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Bars of several systems in several settings, with 95 % intervals; panels stand side by side. */
export function intervalChart(title: string, measure: string, bars: readonly IntervalBar[]): ChartSpec {
  const systems = distinct(bars.map(({ system }) => system));
  const x = { field: "setting", type: "nominal", sort: null, title: null, axis: { labelAngle: 0 } };
  const xOffset = { field: "system", type: "nominal", sort: systems };
  const color = { field: "system", type: "nominal", sort: systems, title: null };
  return {
    title,
    hconcat: distinct(bars.map(({ panel }) => panel)).map((panel) => ({
      title: panel,
      ...SMALL_PANEL,
      data: { values: bars.filter((bar) => bar.panel === panel) },
      layer: [
        { mark: "bar", encoding: { x, xOffset, color, y: quantity("mean", measure) } },
        { mark: "rule", encoding: { x, xOffset, y: quantity("low", measure), y2: { field: "high" } } },
      ],
    })),
  } as ChartSpec;
}

/** Mean throughput of groups of simulations; a group goes by the parameters in which it differs from others. */
export function summaryChart(groups: readonly SimulationGroup[]): ChartSpec {
  const names = distinct(groups.flatMap(({ parameters }) => Object.keys(parameters)));
  const differing = names.filter((name) => distinct(groups.map(({ parameters }) => String(parameters[name]))).length > 1);
  const bars = groups.flatMap(({ parameters, systems }) =>
    systems.map(({ system, samplesPerSecond: { mean, interval } }) => ({
      panel: "mean throughput, 95 % intervals",
      setting: differing.map((name) => `${name} ${parameters[name]}`).join(", "),
      system,
      mean,
      low: interval?.[0] ?? mean,
      high: interval?.[1] ?? mean,
    })),
  );
  return intervalChart("Simulations", "samples a second", bars);
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function quantity(field: string, title: string) {
  return { field, type: "quantitative", title };
}

function ofSystem(timeline: readonly TimelineRow[], name: string): TimelineRow[] {
  return timeline.filter(({ system }) => system === name);
}

/** Mean rate in bins of equal length: pauses of seconds would otherwise fill the picture with strokes. */
function smoothedRates(system: string, rows: readonly TimelineRow[], seconds: number) {
  const width = seconds / BINS;
  const samples = new Float64Array(BINS);
  rows.forEach(({ second, samplesPerSecond }, i) => {
    const until = Math.min(seconds, rows[i + 1]?.second ?? second);
    for (let at = second; at < until; ) {
      const bin = Math.min(BINS - 1, Math.floor(at / width + 1e-9));
      const end = Math.min(until, (bin + 1) * width);
      if (end <= at) break;
      samples[bin]! += (end - at) * samplesPerSecond;
      at = end;
    }
  });
  return Array.from(samples, (count, bin) => ({
    system,
    minute: ((bin + 0.5) * width) / 60,
    samplesPerSecond: count / width,
  }));
}
