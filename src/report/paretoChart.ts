/** Chart of survival against what it costs. */
import type { ParetoPoint } from "../core/placement/paretoFront.ts";
import type { ChartSpec } from "./chart.ts";

const SIZE = { width: 520, height: 360 };
/** A logarithmic axis has no place for plans that never lose the job. */
const NEVER = 1e-12;

/** The front as a line, the plans of all policies as marks with their names. */
export function paretoChart(title: string, points: readonly ParetoPoint[]): ChartSpec {
  const timed = points.every(({ stepSeconds }) => stepSeconds !== undefined);
  // Named plans come last, on top of the front.
  const ordered = points.toSorted((a, b) => Number(b.plan === "front") - Number(a.plan === "front"));
  const values = ordered.map(({ plan, survival, balance, stepSeconds, isOnFront }) => ({
    plan: plan === "front" ? "its front" : plan,
    named: plan === "front" ? "" : plan,
    lost: Math.max(NEVER, 1 - survival),
    price: stepSeconds ?? balance,
    isOnFront,
  }));
  const x = {
    field: "price",
    type: "quantitative",
    title: timed ? "step, in seconds" : "busiest GPU over mean, worst layer",
    scale: { zero: false, nice: true },
  };
  const y = {
    field: "lost",
    type: "quantitative",
    title: "probability that an expert is lost",
    scale: { type: "log" },
    axis: { format: ".0e", tickCount: 8 },
  };
  const front = values.filter(({ isOnFront }) => isOnFront).toSorted((a, b) => a.price - b.price);
  return {
    title,
    ...SIZE,
    layer: [
      {
        data: { values: front },
        mark: { type: "line", interpolate: "step-after", color: "#999999" },
        encoding: { x, y, order: { field: "price" } },
      },
      {
        data: { values },
        mark: { type: "point", filled: true, size: 80, opacity: 1 },
        encoding: {
          x,
          y,
          color: { field: "plan", type: "nominal", title: null, sort: ["mro", "spread", "eplb", "resilient", "its front"] },
        },
      },
      { data: { values }, mark: { type: "text", align: "left", dx: 8, dy: -6 }, encoding: { x, y, text: { field: "named" } } },
    ],
  } as ChartSpec;
}
