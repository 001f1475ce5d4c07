/** Where each row goes and comes from, found on the device from the routing alone. */
import type { Device, DeviceArray } from "../device.ts";
import { type LayerShape, rowsOf } from "../layerShape.ts";
import { blockLength } from "./histogram.ts";

/** Rows by expert, as kernels need them. */
export interface DeviceRowOrder {
  /** Row of each token at each of its experts, [topK, tokens]. */
  readonly rows: DeviceArray;
  /** Token and expert of each row, [2, rows]. */
  readonly sources: DeviceArray;
}

/** Kernels that one call of `expertOrderStage` launches. */
export const EXPERT_ORDER_LAUNCHES = 2;

/** On the device: routing and its histogram to the order of rows by expert, then token. */
export function expertOrderStage(device: Device, shape: LayerShape) {
  const { tokens, experts, topK } = shape;
  const block = blockLength(tokens);
  const blocks = Math.ceil(tokens / block);
  // Row = rows of the experts before + rows of this expert in the blocks before + those before it in its own block.
  const rows = device.kernel(
    `function(routed, blocks, counts) {
      const expert = routed[this.thread.y][this.thread.x];
      const block = Math.floor(this.thread.y / ${block});
      let row = 0;
      for (let e = 0; e < ${experts}; e++) { if (e < expert) { row += counts[e]; } }
      for (let b = 0; b < ${blocks}; b++) { if (b < block) { row += blocks[b][expert]; } }
      for (let i = 0; i < ${block}; i++) {
        const token = block * ${block} + i;
        if (token < this.thread.y) {
          for (let place = 0; place < ${topK}; place++) { if (routed[token][place] === expert) { row += 1; } }
        }
      }
      return row;
    }`,
    [topK, tokens],
  );
  // The other way round: whose rows are these, in which block is the token, and which of its tokens is it.
  const sources = device.kernel(
    `function(routed, blocks, counts) {
      let left = this.thread.y;
      let expert = -1;
      for (let e = 0; e < ${experts}; e++) {
        if (expert < 0) { const count = counts[e]; if (left < count) { expert = e; } else { left -= count; } }
      }
      if (this.thread.x === 1) { return expert; }
      let block = -1;
      for (let b = 0; b < ${blocks}; b++) {
        if (block < 0) { const count = blocks[b][expert]; if (left < count) { block = b; } else { left -= count; } }
      }
      let source = -1;
      for (let i = 0; i < ${block}; i++) {
        const token = block * ${block} + i;
        if (token < ${tokens}) {
          for (let place = 0; place < ${topK}; place++) {
            if (routed[token][place] === expert) { if (left === 0) { source = token; } left -= 1; }
          }
        }
      }
      return source;
    }`,
    [2, rowsOf(shape)],
  );
  return async (routed: DeviceArray, blocks: DeviceArray, counts: DeviceArray): Promise<DeviceRowOrder> => ({
    rows: await rows(routed, blocks, counts),
    sources: await sources(routed, blocks, counts),
  });
}
