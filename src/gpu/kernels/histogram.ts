/** The histogram: tokens routed to each expert, as whole numbers below 2^24. */
import { type BenchKernel, everyCell } from "../benchKernel.ts";
import type { Device, DeviceArray } from "../device.ts";
import { type LayerShape, rowsOf } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";

export function histogramKernel({ shape, routed, received }: LayerWorkload): BenchKernel {
  const { tokens, experts, topK } = shape;
  const input = Float32Array.from(routed);
  return {
    name: "histogram",
    size: `tokens=${tokens} experts=${experts} topk=${topK}`,
    work: { bytes: 4 * (rowsOf(shape) + experts) },
    exact: everyCell,
    // The plan was made from the routing by other code.
    reference: () => {
      const counts = new Float64Array(experts);
      for (const chunk of received) counts[chunk.expert]! += chunk.tokens;
      return counts;
    },
    plain: () => plainHistogram(shape, input),
    prepare: async (device) => {
      const count = histogramStage(device, shape);
      const total = async (routing: DeviceArray) => {
        const { blocks, counts } = await count(routing);
        device.release(blocks);
        return counts;
      };
      const routing = await device.resident(input, [2 * topK, tokens]);
      return () => total(routing);
    },
  };
}

/** Tokens that one thread of the histogram counts: about the square root, so that both of its steps are alike; a power of two. */
export function blockLength(tokens: number): number {
  return 2 ** Math.ceil(Math.log2(tokens) / 2);
}

/** Kernels that one call of `histogramStage` launches. */
export const HISTOGRAM_LAUNCHES = 2;

/** On the device: routing to the counts of each block of tokens, [experts, blocks], and in all, [experts]. */
export function histogramStage(device: Device, { tokens, experts, topK }: LayerShape) {
  const block = blockLength(tokens);
  const blocks = Math.ceil(tokens / block);
  const countBlocks = device.kernel(
    `function(routed) {
      let count = 0;
      for (let i = 0; i < ${block}; i++) {
        const token = this.thread.y * ${block} + i;
        if (token < ${tokens}) {
          for (let place = 0; place < ${topK}; place++) {
            if (routed[token][place] === this.thread.x) { count += 1; }
          }
        }
      }
      return count;
    }`,
    [experts, blocks],
  );
  const addBlocks = device.kernel(
    `function(blocks) {
      let count = 0;
      for (let b = 0; b < ${blocks}; b++) { count += blocks[b][this.thread.x]; }
      return count;
    }`,
    [experts],
  );
  return async (routed: DeviceArray) => {
    const counted = await countBlocks(routed);
    return { blocks: counted, counts: await addBlocks(counted) };
  };
}

/** The same in plain JavaScript, shape [experts]. */
function plainHistogram({ tokens, experts, topK }: LayerShape, routed: Float32Array): Float32Array {
  const counts = new Float32Array(experts);
  for (let token = 0; token < tokens; token++) {
    for (let place = 0; place < topK; place++) counts[routed[token * 2 * topK + place]!]! += 1;
  }
  return counts;
}
