/** Picture of a bench over sizes. */
import type { BenchDocument } from "../formats/documents/bench.ts";
import type { ChartSpec } from "./chart.ts";

/** Time of a call against the size that was scaled, a line a kernel; plain JavaScript dashed. Both axes are logarithmic. */
export function scalingChart({ backend, adapter, scaling, results }: BenchDocument): ChartSpec {
  const points = results.flatMap(({ kernel, scaled, medianMs, plainMedianMs }) =>
    scaled === undefined
      ? []
      : [
          { kernel, scaled, ms: medianMs, by: backend },
          ...(backend === "js" ? [] : [{ kernel, scaled, ms: plainMedianMs, by: "plain JavaScript" }]),
        ],
  );
  return {
    title: `Time of a call by ${scaling ?? "size"}: ${backend} on ${adapter}`,
    data: { values: points },
    width: 640,
    height: 320,
    encoding: {
      x: {
        field: "scaled",
        type: "quantitative",
        title: scaling ?? "size",
        scale: { type: "log", nice: false, padding: 12 },
        axis: { values: [...new Set(points.map(({ scaled }) => scaled))], format: "d" },
      },
      y: { field: "ms", type: "quantitative", title: "milliseconds a call", scale: { type: "log" }, axis: { tickCount: 5 } },
      color: { field: "kernel", type: "nominal", sort: null, title: null },
    },
    layer: [
      {
        mark: { type: "line", strokeWidth: 1.5 },
        encoding: {
          strokeDash: {
            field: "by",
            type: "nominal",
            sort: [backend, "plain JavaScript"],
            title: null,
            legend: { symbolType: "stroke" },
          },
        },
      },
      { mark: { type: "point", filled: true, size: 30 }, encoding: { detail: { field: "by" } } },
    ],
  } as ChartSpec;
}
