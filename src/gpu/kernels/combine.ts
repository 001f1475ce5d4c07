/** Combine: each token's result is the sum of its experts' results, weighed by the router's probabilities. */
import { type BenchKernel, noCell } from "../benchKernel.ts";
import type { Device, DeviceKernel } from "../device.ts";
import { type LayerShape, rowsOf } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import type { RowOrder } from "../rowOrder.ts";

export function combineKernel({ shape, routed, outputs }: LayerWorkload, order: RowOrder): BenchKernel {
  const { tokens, hidden, topK } = shape;
  const rows = rowsOf(shape);
  const input = Float32Array.from(routed);
  return {
    name: "combine",
    size: `tokens=${tokens} hidden=${hidden} topk=${topK}`,
    work: { bytes: 4 * (rows * (hidden + 2) + tokens * hidden) },
    exact: noCell,
    reference: () => {
      const combined = new Float64Array(tokens * hidden);
      order.tokens.forEach((token, row) => {
        const place = order.rows.subarray(token * topK, (token + 1) * topK).indexOf(row);
        const weight = routed[token * 2 * topK + topK + place]!;
        for (let j = 0; j < hidden; j++) combined[token * hidden + j]! += weight * outputs[row * hidden + j]!;
      });
      return combined;
    },
    plain: () => plainCombine(shape, input, order.rows, outputs),
    prepare: async (device) => {
      const stage = combineStage(device, shape);
      const arrays = [
        await device.resident(input, [2 * topK, tokens]),
        await device.resident(Float32Array.from(order.rows), [topK, tokens]),
        await device.resident(outputs, [hidden, rows]),
      ];
      return () => stage(...arrays);
    },
  };
}

/**
 * On the device: routing, row of each token at each expert, the experts' results, to the tokens' results, [hidden, tokens].
 * @param isShared whether a fourth array is what the shared experts give, which is added
 */
export function combineStage(device: Device, { tokens, hidden, topK }: LayerShape, isShared = false): DeviceKernel {
  return device.kernel(
    `function(routed, rows, outputs${isShared ? ", shared" : ""}) {
      let sum = ${isShared ? "shared[this.thread.y][this.thread.x]" : "0"};
      for (let place = 0; place < ${topK}; place++) {
        sum += routed[this.thread.y][place + ${topK}] * outputs[rows[this.thread.y][place]][this.thread.x];
      }
      return sum;
    }`,
    [hidden, tokens],
  );
}

/**
 * The same in plain JavaScript, shape [tokens][hidden].
 * @param shared what the shared experts give; the result is added to it
 */
export function plainCombine(
  { tokens, hidden, topK }: LayerShape,
  routed: Float32Array,
  rows: Int32Array,
  outputs: Float32Array,
  shared?: Float32Array,
): Float32Array {
  const combined = shared ?? new Float32Array(tokens * hidden);
  for (let token = 0; token < tokens; token++) {
    for (let place = 0; place < topK; place++) {
      const weight = routed[token * 2 * topK + topK + place]!;
      const row = rows[token * topK + place]!;
      for (let j = 0; j < hidden; j++) combined[token * hidden + j]! += weight * outputs[row * hidden + j]!;
    }
  }
  return combined;
}
