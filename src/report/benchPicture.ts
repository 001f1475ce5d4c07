/** Picture of a bench over sizes. */
import type { BenchDocument } from "../formats/documents/bench.ts";
import { type Axis, linePlot, type Series } from "./pictures/linePlot.ts";
import type { Picture } from "./pictures/picture.ts";
import { short } from "./pictures/scales.ts";
import { KINDS } from "./pictures/theme.ts";

/** Time of a call against the size that was scaled, a line a kernel; plain JavaScript dashed. Both axes are logarithmic. */
export function benchPicture({ backend, adapter, scaling = "size", results }: BenchDocument): Picture {
  const points = results.flatMap(({ scaled, ...result }) => (scaled === undefined ? [] : [{ ...result, scaled }]));
  const kernels = [...new Set(points.map(({ kernel }) => kernel))];
  const series = kernels.flatMap((kernel, k): Series[] => {
    const own = points.filter((point) => point.kernel === kernel).sort((a, b) => a.scaled - b.scaled);
    const line = (name: string, kind: "line" | "dashed", ms: (point: (typeof own)[number]) => number): Series => ({
      name,
      kind,
      colour: k % KINDS,
      points: own.map((point) => ({
        x: point.scaled,
        y: ms(point),
        tip: `${name}, ${scaling} ${point.scaled}: ${short(ms(point))} ms`,
      })),
    });
    const plain = line(`${kernel}, plain JavaScript`, "dashed", ({ plainMedianMs }) => plainMedianMs);
    return [line(kernel, "line", ({ medianMs }) => medianMs), ...(backend === "js" ? [] : [plain])];
  });
  const sizes = [...new Set(points.map(({ scaled }) => scaled))].sort((a, b) => a - b);
  const x = logAxis(scaling, sizes, sizes);
  const times = series.flatMap((one) => one.points.map(({ y }) => y));
  const y = logAxis("milliseconds a call", times, powersOfTen(times));
  return {
    title: `Time of a call by ${scaling}: ${backend} on ${adapter}`,
    subtitle: `${kernels.length} kernel${kernels.length === 1 ? "" : "s"} of an MoE layer; medians, both axes logarithmic.`,
    panels: [{ title: "Milliseconds a call", draw: (width) => linePlot({ x, y, series, height: 320 }, width) }],
  };
}

function logAxis(title: string, values: readonly number[], ticks: readonly number[]): Axis {
  return {
    title,
    from: Math.min(...values, ...ticks),
    to: Math.max(...values, ...ticks),
    ticks: ticks.map((at) => ({ at, name: short(at) })),
    isLogarithmic: true,
  };
}

/** Powers of ten from below the least to above the most. */
function powersOfTen(values: readonly number[]): number[] {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  return Array.from({ length: Math.max(high, low + 1) - low + 1 }, (_, i) => Number(`1e${low + i}`));
}
