/** The router: probabilities of all experts (softmax), of which each token takes the topK largest. */
import type { BenchKernel } from "../benchKernel.ts";
import { type Device, type DeviceArray, type DeviceKernel, readingCall } from "../device.ts";
import type { LayerShape } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";

export function routerKernel({ shape, features, router, routed }: LayerWorkload): BenchKernel {
  const { tokens, hidden, experts, topK } = shape;
  return {
    name: "router",
    size: `tokens=${tokens} hidden=${hidden} experts=${experts} topk=${topK}`,
    work: { flop: 2 * tokens * hidden * experts },
    exact: (cell) => cell % (2 * topK) < topK,
    reference: () => routed,
    plain: () => plainRouter(shape, features, router),
    prepare: async (device) => {
      const inputs = await routerInputs(device, { shape, features, router });
      return readingCall(device, routerStage(device, shape), ...inputs);
    },
  };
}

type RouterInputs = Pick<LayerWorkload, "shape" | "features" | "router">;

/** Puts tokens and router weights on a device. */
export async function routerInputs(
  device: Device,
  { shape, features, router }: RouterInputs,
): Promise<[DeviceArray, DeviceArray]> {
  return [
    await device.resident(features, [shape.hidden, shape.tokens]),
    await device.resident(router, [shape.experts, shape.hidden]),
  ];
}

/** On the device: features and router weights to experts and probabilities, [2 * topK, tokens]. */
export function routerStage(device: Device, { tokens, hidden, experts, topK }: LayerShape): DeviceKernel {
  const logits = device.kernel(
    `function(features, router) {
      let sum = 0;
      for (let i = 0; i < ${hidden}; i++) { sum += features[this.thread.y][i] * router[i][this.thread.x]; }
      return sum;
    }`,
    [experts, tokens],
  );
  // Every cell finds the topK largest logits anew, one after the other, and keeps its own: shaders have no arrays.
  const choose = device.kernel(
    `function(logits) {
      let place = this.thread.x;
      if (place >= ${topK}) { place = place - ${topK}; }
      let largest = 0;
      let previous = 3e38;
      let previousExpert = -1;
      let chosen = 0;
      let chosenLogit = 0;
      for (let i = 0; i < ${topK}; i++) {
        let candidate = 0;
        let candidateLogit = -3e38;
        for (let e = 0; e < ${experts}; e++) {
          const logit = logits[this.thread.y][e];
          if (logit > candidateLogit && (logit < previous || (logit === previous && e > previousExpert))) {
            candidate = e;
            candidateLogit = logit;
          }
        }
        if (i === 0) { largest = candidateLogit; }
        if (i === place) { chosen = candidate; chosenLogit = candidateLogit; }
        previous = candidateLogit;
        previousExpert = candidate;
      }
      if (this.thread.x < ${topK}) { return chosen; }
      let sum = 0;
      for (let e = 0; e < ${experts}; e++) { sum += Math.exp(logits[this.thread.y][e] - largest); }
      return Math.exp(chosenLogit - largest) / sum;
    }`,
    [2 * topK, tokens],
  );
  return async (...inputs) => {
    const scores = await logits(...inputs);
    const routed = await choose(scores);
    device.release(scores);
    return routed;
  };
}

/** The same in plain JavaScript, shape [tokens][2 * topK]. */
export function plainRouter(
  { tokens, hidden, experts, topK }: LayerShape,
  features: Float32Array,
  router: Float32Array,
): Float32Array {
  const routed = new Float32Array(tokens * 2 * topK);
  const logits = new Float64Array(experts);
  for (let token = 0; token < tokens; token++) {
    logits.fill(0);
    for (let i = 0; i < hidden; i++) {
      const value = features[token * hidden + i]!;
      for (let e = 0; e < experts; e++) logits[e]! += value * router[i * experts + e]!;
    }
    let largest = -Infinity;
    for (let e = 0; e < experts; e++) if (logits[e]! > largest) largest = logits[e]!;
    let sum = 0;
    for (let e = 0; e < experts; e++) {
      logits[e] = Math.exp(logits[e]! - largest);
      sum += logits[e]!;
    }
    const at = token * 2 * topK;
    for (let place = 0; place < topK; place++) {
      let best = 0;
      for (let e = 1; e < experts; e++) if (logits[e]! > logits[best]!) best = e;
      routed[at + place] = best;
      routed[at + topK + place] = logits[best]! / sum;
      logits[best] = -1;
    }
  }
  return routed;
}
