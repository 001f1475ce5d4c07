/** Plans side by side as a picture. */
import type { Placement } from "../core/layout/placement.ts";
import type { ComparisonDocument } from "../formats/documents/comparison.ts";
import { balanceAxis, numberAxis, wholeAxis } from "./pictures/axes.ts";
import { groups } from "./pictures/groups.ts";
import { linePlot, type Series } from "./pictures/linePlot.ts";
import type { Panel, Picture } from "./pictures/picture.ts";
import { KINDS } from "./pictures/theme.ts";
import { loadsOverMean } from "./rankLoadPanels.ts";
import { type Survival, survivalPanel } from "./survivalPanel.ts";

/** A plan, and what its document leaves out. */
export interface DrawnPlan {
  readonly name: string;
  /** With the loads that it is judged by. */
  readonly placement: Placement;
  readonly failures: Survival["failures"];
  /** Busiest rank over the mean of each replayed iteration, mean over the layers. */
  readonly iterations?: readonly number[] | undefined;
}

/** Points of a line over iterations. */
const BINS = 100;

/** Draws plans in the order of the document. */
export function comparisonPicture(
  { shares, layers, experts, plans, windows, iterations }: ComparisonDocument,
  drawn: readonly DrawnPlan[],
): Picture {
  const balance = shares === "free" ? ("optimalMean" as const) : ("evenMean" as const);
  const best = plans.reduce((one, other) => (other.balance[balance] < one.balance[balance] ? other : one));
  const safest = plans.reduce((one, other) => (other.survival > one.survival ? other : one));
  const window = windows[0];
  const replayed = window === undefined ? "" : `; iterations ${window.from} to ${window.to}, ${iterations ?? 0} replayed`;
  const isOne = best === safest;
  return {
    title: isOne
      ? `${best.name} is the most even and survives most of ${plans.length} plans`
      : `${best.name} is the most even of ${plans.length} plans, ${safest.name} survives most`,
    subtitle: `${layers} layer${layers === 1 ? "" : "s"} of ${experts} experts, ${shares} shares${replayed}.`,
    panels: [
      rankLoads(drawn, shares),
      survivalPanel(
        "What survives so many failed nodes",
        "Probability that every expert of every layer keeps a live host.",
        "nodes ",
        drawn.map(({ name, failures }) => ({ name, failures })),
      ),
      ...percentiles(drawn),
    ],
  };
}

function rankLoads(drawn: readonly DrawnPlan[], shares: "even" | "free"): Panel {
  const [first] = drawn;
  const loads = drawn.map(({ placement }) => placement.layers.map((layer) => loadsOverMean(placement, layer, shares)));
  const busiest = (p: number, l: number) => loads[p]![l]!.reduce((most, load) => Math.max(most, load), 0);
  const worst = Array.from(first!.placement.layers.keys()).reduce((one, l) => {
    const most = (at: number) => Math.max(...drawn.map((_, p) => busiest(p, at)));
    return most(l) > most(one) ? l : one;
  }, 0);
  const series = drawn.map(({ name }, p): Series => {
    const own = loads[p]![worst]!;
    const order = Array.from(own.keys()).sort((a, b) => own[b]! - own[a]! || a - b);
    return {
      name,
      colour: p % KINDS,
      points: order.map((rank, place) => ({
        x: place + 1,
        y: own[rank]!,
        tip: `${name}, rank ${rank}: ${own[rank]!.toFixed(3)} x the mean`,
      })),
    };
  });
  const ranks = Math.max(...series.map(({ points }) => points.length));
  return {
    title: `Load of the ranks, layer ${first!.placement.layers[worst]!.layer}`,
    note: `The busiest ranks of each plan first${first!.placement.layers.length > 1 ? "; the layer with the busiest rank of all" : ""}. Tokens over the mean, ${shares === "free" ? "best" : "even"} shares.`,
    draw: (width) =>
      linePlot(
        {
          x: wholeAxis("place of the rank", 1, Math.max(2, ranks), width < 500 ? 5 : 10),
          y: numberAxis("load over the mean", [1, ...series.flatMap(({ points }) => points.map(({ y }) => y))]),
          series,
          level: { at: 1, name: "mean" },
        },
        width,
      ),
  };
}

/** How long steps are by how many of them are no longer, and in the order of the log; nothing without a log. */
function percentiles(drawn: readonly DrawnPlan[]): Panel[] {
  const replayed = drawn.flatMap(({ name, iterations }, p) =>
    iterations === undefined ? [] : [{ name, iterations, colour: p % KINDS }],
  );
  if (replayed.length === 0) return [];
  const values = replayed.flatMap(({ iterations }) => iterations);
  const count = replayed[0]!.iterations.length;
  const sorted: Series[] = replayed.map(({ name, iterations, colour }) => {
    const ascending = Float64Array.from(iterations).sort();
    const at = (percent: number) => ascending[Math.max(0, Math.ceil((percent * count) / 100) - 1)]!;
    return {
      name,
      colour,
      points: Array.from({ length: 101 }, (_, percent) => ({
        x: percent,
        y: at(percent),
        tip: `${name}, ${percent} % of the iterations: at most ${at(percent).toFixed(3)}`,
      })),
    };
  });
  const bins = groups(count, BINS);
  const isBinned = bins[0]!.to > 0;
  const course: Series[] = replayed.map(({ name, iterations, colour }) => ({
    name,
    colour,
    points: bins.map(({ from, to }) => {
      const mean = iterations.slice(from, to + 1).reduce((sum, value) => sum + value, 0) / (to - from + 1);
      return {
        x: from + 1,
        y: mean,
        tip: `${name}, iteration ${from + 1}${isBinned ? ` to ${to + 1}` : ""} of the window: ${mean.toFixed(3)}`,
      };
    }),
  }));
  const y = balanceAxis("busiest rank over the mean", values);
  const percents = [0, 10, 25, 50, 75, 90, 99].map((at) => ({ at, name: `${at} %` }));
  return [
    {
      title: "Percentiles of a step over the iterations",
      note: "So many of the iterations lie at or below the line; mean over the layers.",
      draw: (width) => linePlot({ x: { title: "iterations", from: 0, to: 100, ticks: percents }, y, series: sorted }, width),
    },
    {
      title: "How the plans age",
      note: isBinned ? `Means of ${bins[0]!.to + 1} iterations.` : "Every iteration.",
      draw: (width) =>
        linePlot(
          { x: wholeAxis("iteration of the window", 1, Math.max(2, count), width < 500 ? 5 : 10), y, series: course },
          width,
        ),
    },
  ];
}
