/** A whole MoE layer as one pipeline: from the tokens to their results without leaving the device. */
import { type BenchKernel, noCell } from "../benchKernel.ts";
import { type Device, type DeviceArray, readingCall } from "../device.ts";
import { type LayerShape, rowsOf } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import { rowOrder } from "../rowOrder.ts";
import { combineStage, plainCombine } from "./combine.ts";
import { gatherStage, rowsInExpertOrder } from "./dispatch.ts";
import { expertFfnFlop, expertFfnStage, expertReference, expertWeights, plainExpertFfn } from "./expertFfn.ts";
import { expertOrderStage } from "./expertOrder.ts";
import { histogramStage } from "./histogram.ts";
import { plainRouter, routerInputs, routerStage } from "./router.ts";

/** Kernels that one call of the layer launches. */
export const LAYER_LAUNCHES = 10;

export function layerKernel(workload: LayerWorkload): BenchKernel {
  const { shape, features, router } = workload;
  const { tokens, hidden, feedForward, experts, topK } = shape;
  return {
    name: "layer",
    size: `tokens=${tokens} hidden=${hidden} feedforward=${feedForward} experts=${experts} topk=${topK}`,
    work: { flop: 2 * tokens * hidden * experts + expertFfnFlop(shape) },
    exact: noCell,
    reference: () => layerReference(workload),
    plain: () => {
      const routed = plainRouter(shape, features, router);
      const order = rowOrder({ ...workload, routed: Float64Array.from(routed) });
      const outputs = plainExpertFfn(workload, rowsInExpertOrder(workload, order), order.experts);
      return plainCombine(shape, routed, order.rows, outputs);
    },
    prepare: async (device) => {
      const inputs = [...(await routerInputs(device, workload)), ...(await expertWeights(device, workload))] as const;
      return readingCall(device, layerStage(device, shape), ...inputs);
    },
  };
}

/** On the device: features, router weights and both expert weights to the tokens' results, [hidden, tokens]. */
function layerStage(device: Device, shape: LayerShape) {
  const route = routerStage(device, shape);
  const histogram = histogramStage(device, shape);
  const expertOrder = expertOrderStage(device, shape);
  const gather = gatherStage(device, rowsOf(shape), shape.hidden);
  const expertFfn = expertFfnStage(device, shape);
  const combine = combineStage(device, shape);
  return async (features: DeviceArray, router: DeviceArray, up: DeviceArray, down: DeviceArray) => {
    const routed = await route(features, router);
    const { blocks, counts } = await histogram(routed);
    const { rows, sources } = await expertOrder(routed, blocks, counts);
    const gathered = await gather(features, sources);
    const outputs = await expertFfn(gathered, sources, up, down);
    const combined = await combine(routed, rows, outputs);
    device.release(routed, blocks, counts, rows, sources, gathered, outputs);
    return combined;
  };
}

/** By definition: every token through its experts, nothing permuted. */
function layerReference(workload: LayerWorkload): Float64Array {
  const { shape, features, routed } = workload;
  const { tokens, hidden, topK } = shape;
  const result = new Float64Array(tokens * hidden);
  for (let token = 0; token < tokens; token++) {
    const feature = features.subarray(token * hidden, (token + 1) * hidden);
    for (let place = 0; place < topK; place++) {
      const at = token * 2 * topK + place;
      const output = expertReference(workload, routed[at]!, feature);
      for (let j = 0; j < hidden; j++) result[token * hidden + j]! += routed[at + topK]! * output[j]!;
    }
  }
  return result;
}
