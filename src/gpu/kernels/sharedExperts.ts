/** Shared experts: every token through all of them, which is one expert as wide as all together. */
import type { Device, DeviceArray } from "../device.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import { expertFfnStage, expertReference, plainExpertFfn, residentWeights } from "./expertFfn.ts";

/** On the device: features, [hidden, tokens], to what is added to the tokens' results; nothing in a layer without such experts. */
export async function sharedStage(
  device: Device,
  { shape: { tokens, hidden }, form: { activation }, shared }: LayerWorkload,
): Promise<((features: DeviceArray) => Promise<DeviceArray>) | undefined> {
  if (shared === undefined) return undefined;
  const stage = expertFfnStage(device, tokens, hidden, shared.width, activation);
  const weights = await residentWeights(device, shared, hidden, activation);
  // Token and expert of each row; there is one expert.
  const onlyExpert = await device.resident(new Float32Array(2 * tokens), [2, tokens]);
  return (features) => stage(features, onlyExpert, weights);
}

/** The same in plain JavaScript, shape [tokens][hidden]. */
export function plainShared({ shape, form, features, shared }: LayerWorkload): Float32Array | undefined {
  return shared && plainExpertFfn(shared, form.activation, features, new Int32Array(shape.tokens));
}

/** One token by definition, shape [hidden]; zeros without shared experts. */
export function sharedReference({ shape, form, shared }: LayerWorkload, feature: Float32Array): Float64Array {
  return shared === undefined ? new Float64Array(shape.hidden) : expertReference(shared, form.activation, 0, feature);
}
