/** Dispatch: the rows that the all-to-all left by source rank are put in order of expert, as a dispatch plan says. */
import { type BenchKernel, everyCell } from "../benchKernel.ts";
import type { Device, DeviceKernel } from "../device.ts";
import { rowsOf } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import type { RowOrder } from "../rowOrder.ts";

export function dispatchKernel(workload: LayerWorkload, order: RowOrder): BenchKernel {
  const { shape, features } = workload;
  const { hidden } = shape;
  const rows = rowsOf(shape);
  const inExpertOrder = rowsInExpertOrder(workload, order);
  const buffer = new Float32Array(rows * hidden);
  order.received.forEach((place, row) => {
    buffer.set(inExpertOrder.subarray(row * hidden, (row + 1) * hidden), place * hidden);
  });
  return {
    name: "dispatch",
    size: `rows=${rows} hidden=${hidden} chunks=${workload.received.length}`,
    work: { bytes: 4 * rows * (2 * hidden + 1) },
    exact: everyCell,
    reference: () =>
      Float64Array.from({ length: rows * hidden }, (_, cell) => {
        const token = order.tokens[Math.floor(cell / hidden)]!;
        return features[token * hidden + (cell % hidden)]!;
      }),
    plain: () => plainDispatch(workload, buffer),
    prepare: async (device) => {
      const stage = gatherStage(device, rows, hidden);
      const received = await device.resident(buffer, [hidden, rows]);
      const sources = await device.resident(Float32Array.from(order.received), [1, rows]);
      return () => stage(received, sources);
    },
  };
}

/** Features of each row's token, shape [rows][hidden]. */
export function rowsInExpertOrder({ shape, features }: LayerWorkload, order: RowOrder): Float32Array {
  const { hidden } = shape;
  const gathered = new Float32Array(rowsOf(shape) * hidden);
  order.tokens.forEach((token, row) => {
    gathered.set(features.subarray(token * hidden, (token + 1) * hidden), row * hidden);
  });
  return gathered;
}

/** On the device: rows and, first in each of its rows, where each result row comes from, to the rows in that order. */
export function gatherStage(device: Device, rows: number, hidden: number): DeviceKernel {
  return device.kernel("function(rows, sources) { return rows[sources[this.thread.y][0]][this.thread.x]; }", [hidden, rows]);
}

/** The same in plain JavaScript: chunk by chunk, shape [rows][hidden]. */
function plainDispatch({ shape, received }: LayerWorkload, buffer: Float32Array): Float32Array {
  const { hidden } = shape;
  const starts = new Map<LayerWorkload["received"][number], number>();
  let start = 0;
  for (const chunk of [...received].sort((a, b) => a.source - b.source || a.expert - b.expert)) {
    starts.set(chunk, start);
    start += chunk.tokens;
  }
  const sorted = new Float32Array(buffer.length);
  let row = 0;
  for (const chunk of received) {
    const from = starts.get(chunk)!;
    sorted.set(buffer.subarray(from * hidden, (from + chunk.tokens) * hidden), row * hidden);
    row += chunk.tokens;
  }
  return sorted;
}
