/** A whole MoE layer as one pipeline: from the tokens to their results without leaving the device. */
import { type LayerForm, matricesOf } from "../../core/cost/layerForm.ts";
import { type BenchKernel, noCell } from "../benchKernel.ts";
import type { Device, DeviceArray } from "../device.ts";
import { rowsOf } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import { rowOrder } from "../rowOrder.ts";
import { combineStage, plainCombine } from "./combine.ts";
import { gatherStage, rowsInExpertOrder } from "./dispatch.ts";
import {
  type DeviceWeights,
  EXPERT_FFN_LAUNCHES,
  expertFfnFlop,
  expertFfnStage,
  expertReference,
  plainExpertFfn,
  residentWeights,
} from "./expertFfn.ts";
import { EXPERT_ORDER_LAUNCHES, expertOrderStage } from "./expertOrder.ts";
import { HISTOGRAM_LAUNCHES, histogramStage } from "./histogram.ts";
import { plainRouter, routerInputs, routerLaunches, routerStage } from "./router.ts";
import { plainShared, sharedReference, sharedStage } from "./sharedExperts.ts";

/** Kernels that one call of a layer launches: gather and combine are one each. */
export function layerLaunches({ gate, sharedExperts }: LayerForm): number {
  const shared = sharedExperts === 0 ? 0 : EXPERT_FFN_LAUNCHES;
  return routerLaunches(gate) + HISTOGRAM_LAUNCHES + EXPERT_ORDER_LAUNCHES + 1 + EXPERT_FFN_LAUNCHES + shared + 1;
}

export function layerKernel(workload: LayerWorkload): BenchKernel {
  const { shape, form, weights } = workload;
  const { tokens, hidden, feedForward, experts, topK } = shape;
  const sharedFlop = 2 * matricesOf(form.activation) * tokens * hidden * feedForward * form.sharedExperts;
  return {
    name: "layer",
    size: `tokens=${tokens} hidden=${hidden} feedforward=${feedForward} experts=${experts} topk=${topK}`,
    work: { flop: 2 * tokens * hidden * experts + expertFfnFlop(workload) + sharedFlop },
    exact: noCell,
    reference: () => layerReference(workload),
    plain: () => {
      const routed = plainRouter(workload);
      const order = rowOrder({ ...workload, routed: Float64Array.from(routed) });
      const outputs = plainExpertFfn(weights, form.activation, rowsInExpertOrder(workload, order), order.experts);
      return plainCombine(shape, routed, order.rows, outputs, plainShared(workload));
    },
    prepare: async (device) => {
      const inputs = await routerInputs(device, workload);
      const stage = layerStage(device, workload, await sharedStage(device, workload));
      const resident = await residentWeights(device, weights, hidden, form.activation);
      return () => stage(...inputs, resident);
    },
  };
}

/** On the device: features, router weights, biases and experts' weights to the tokens' results, [hidden, tokens]. */
function layerStage(
  device: Device,
  { shape, form }: LayerWorkload,
  shared: ((features: DeviceArray) => Promise<DeviceArray>) | undefined,
) {
  const { hidden, feedForward } = shape;
  const route = routerStage(device, shape, form.gate);
  const histogram = histogramStage(device, shape);
  const expertOrder = expertOrderStage(device, shape);
  const gather = gatherStage(device, rowsOf(shape), hidden);
  const expertFfn = expertFfnStage(device, rowsOf(shape), hidden, feedForward, form.activation);
  const combine = combineStage(device, shape, shared !== undefined);
  return async (features: DeviceArray, router: DeviceArray, bias: DeviceArray, weights: DeviceWeights) => {
    const routed = await route(features, router, bias);
    const { blocks, counts } = await histogram(routed);
    const { rows, sources } = await expertOrder(routed, blocks, counts);
    const gathered = await gather(features, sources);
    const outputs = await expertFfn(gathered, sources, weights);
    const added = shared === undefined ? [] : [await shared(features)];
    const combined = await combine(routed, rows, outputs, ...added);
    device.release(routed, blocks, counts, rows, sources, gathered, outputs, ...added);
    return combined;
  };
}

/** By definition: every token through its experts, nothing permuted. */
function layerReference(workload: LayerWorkload): Float64Array {
  const { shape, form, weights, features, routed } = workload;
  const { tokens, hidden, topK } = shape;
  const result = new Float64Array(tokens * hidden);
  for (let token = 0; token < tokens; token++) {
    const feature = features.subarray(token * hidden, (token + 1) * hidden);
    result.set(sharedReference(workload, feature), token * hidden);
    for (let place = 0; place < topK; place++) {
      const at = token * 2 * topK + place;
      const output = expertReference(weights, form.activation, routed[at]!, feature);
      for (let j = 0; j < hidden; j++) result[token * hidden + j]! += routed[at + topK]! * output[j]!;
    }
  }
  return result;
}
