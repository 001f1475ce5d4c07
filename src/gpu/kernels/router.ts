/** The router: scores of all experts, of which each token takes the topK largest, and what they weigh. */
import type { Gate } from "../../core/cost/gate.ts";
import type { BenchKernel } from "../benchKernel.ts";
import type { Device, DeviceArray, DeviceKernel } from "../device.ts";
import type { LayerShape } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import { choosesByLogit } from "../routeToken.ts";

export function routerKernel(workload: LayerWorkload): BenchKernel {
  const { shape, form, routed } = workload;
  const { tokens, hidden, experts, topK } = shape;
  return {
    name: "router",
    size: `tokens=${tokens} hidden=${hidden} experts=${experts} topk=${topK}`,
    work: { flop: 2 * tokens * hidden * experts },
    exact: (cell) => cell % (2 * topK) < topK,
    reference: () => routed,
    plain: () => plainRouter(workload),
    prepare: async (device) => {
      const stage = routerStage(device, shape, form.gate);
      const inputs = await routerInputs(device, workload);
      return () => stage(...inputs);
    },
  };
}

/** Puts tokens, router weights and biases on a device. */
export async function routerInputs(
  device: Device,
  { shape, features, router, bias }: LayerWorkload,
): Promise<[DeviceArray, DeviceArray, DeviceArray]> {
  return [
    await device.resident(features, [shape.hidden, shape.tokens]),
    await device.resident(router, [shape.experts, shape.hidden]),
    await device.resident(bias, [shape.experts]),
  ];
}

/** Kernels that one call of the router launches. */
export function routerLaunches(gate: Gate): number {
  return 2 + (choosesByLogit(gate) ? 0 : 1) + (gate.groups === undefined ? 0 : 2);
}

/** On the device: features, router weights and biases to experts and their weights, [2 * topK, tokens]. */
export function routerStage(device: Device, shape: LayerShape, gate: Gate) {
  const { tokens, hidden, experts, topK } = shape;
  const { groups } = gate;
  const byLogit = choosesByLogit(gate);
  const logits = device.kernel(
    `function(features, router) {
      let sum = 0;
      for (let i = 0; i < ${hidden}; i++) { sum += features[this.thread.y][i] * router[i][this.thread.x]; }
      return sum;
    }`,
    [experts, tokens],
  );
  const score = byLogit ? undefined : device.kernel(scoreSource(experts, gate), [experts, tokens]);
  const limit = groups && groupLimit(device, shape, groups);
  const isOwnChoice = score === undefined && limit === undefined;
  const choose = device.kernel(chooseSource(experts, topK, gate, isOwnChoice), [2 * topK, tokens]);
  return async (features: DeviceArray, router: DeviceArray, bias: DeviceArray): Promise<DeviceArray> => {
    const made = [await logits(features, router)];
    const take = (array: DeviceArray) => made[made.push(array) - 1]!;
    const [first] = made as [DeviceArray];
    let choice = first;
    if (score !== undefined) choice = take(await score(first, bias));
    if (limit !== undefined) choice = take(await limit(choice));
    const routed = await (isOwnChoice ? choose(first) : choose(first, choice));
    device.release(...made);
    return routed;
  };
}

/** What an expert is chosen by, where that is not its logit. */
function scoreSource(experts: number, { scores, biased }: Gate): string {
  const bias = biased === true ? "bias[this.thread.x]" : "0 * bias[this.thread.x]";
  if (scores === "sigmoid") {
    return `function(logits, bias) { return 1 / (1 + Math.exp(-logits[this.thread.y][this.thread.x])) + ${bias}; }`;
  }
  return `function(logits, bias) {
      let sum = 0;
      for (let e = 0; e < ${experts}; e++) { sum += Math.exp(logits[this.thread.y][e] - logits[this.thread.y][this.thread.x]); }
      return 1 / sum + ${bias};
    }`;
}

/** Takes the experts of all but the best groups out of the choice. */
function groupLimit(
  device: Device,
  { tokens, experts }: LayerShape,
  { count, chosen, by }: NonNullable<Gate["groups"]>,
): DeviceKernel {
  const size = experts / count;
  const worth = device.kernel(
    `function(choice) {
      let first = -3e38;
      let second = -3e38;
      for (let i = 0; i < ${size}; i++) {
        const value = choice[this.thread.y][this.thread.x * ${size} + i];
        if (value > first) { second = first; first = value; } else if (value > second) { second = value; }
      }
      return ${by === "largest" || size === 1 ? "first" : "first + second"};
    }`,
    [count, tokens],
  );
  // Divisions of shaders are not exact: half an expert keeps a group's first one away from the group before.
  const keep = device.kernel(
    `function(choice, worth) {
      const own = Math.floor((this.thread.x + 0.5) / ${size});
      const mine = worth[this.thread.y][own];
      let better = 0;
      for (let g = 0; g < ${count}; g++) {
        const other = worth[this.thread.y][g];
        if (other > mine || (other === mine && g < own)) { better += 1; }
      }
      if (better < ${chosen}) { return choice[this.thread.y][this.thread.x]; }
      return -3e38;
    }`,
    [experts, tokens],
  );
  return async (choice) => {
    const worths = await worth(choice!);
    const kept = await keep(choice!, worths);
    device.release(worths);
    return kept;
  };
}

/** Every cell finds the topK largest anew, one after the other, and keeps its own: shaders have no arrays. */
function chooseSource(experts: number, topK: number, gate: Gate, isOwnChoice: boolean): string {
  // Softmax by its quotients to the first choice, whose logit need not be the largest.
  const score = (logit: string) => (gate.scores === "softmax" ? `Math.exp(${logit} - largest)` : `1 / (1 + Math.exp(-${logit}))`);
  const overAll = `for (let e = 0; e < ${experts}; e++) { sum += ${score("logits[this.thread.y][e]")}; }`;
  const isSum = gate.scores === "softmax" || gate.renormalized;
  return `function(logits${isOwnChoice ? "" : ", choice"}) {
      let place = this.thread.x;
      if (place >= ${topK}) { place = place - ${topK}; }
      let largest = 0;
      let previous = 3e38;
      let previousExpert = -1;
      let chosen = 0;
      let chosenLogit = 0;
      let sum = 0;
      for (let i = 0; i < ${topK}; i++) {
        let candidate = 0;
        let candidateValue = -3e38;
        for (let e = 0; e < ${experts}; e++) {
          const value = ${isOwnChoice ? "logits" : "choice"}[this.thread.y][e];
          if (value > candidateValue && (value < previous || (value === previous && e > previousExpert))) {
            candidate = e;
            candidateValue = value;
          }
        }
        const logit = logits[this.thread.y][candidate];
        if (i === 0) { largest = logit; }
        if (i === place) { chosen = candidate; chosenLogit = logit; }
        ${gate.renormalized ? `sum += ${score("logit")};` : ""}
        previous = candidateValue;
        previousExpert = candidate;
      }
      if (this.thread.x < ${topK}) { return chosen; }
      ${isSum && !gate.renormalized ? overAll : ""}
      return ${gate.scale ?? 1} * (${score("chosenLogit")})${isSum ? " / sum" : ""};
    }`;
}

/** The same in plain JavaScript, shape [tokens][2 * topK]. */
export function plainRouter({ shape, form: { gate }, features, router, bias }: LayerWorkload): Float32Array {
  const { tokens, hidden, experts, topK } = shape;
  const routed = new Float32Array(tokens * 2 * topK);
  const scores = new Float64Array(experts);
  const choice = new Float64Array(experts);
  const keepGroups = gate.groups && plainGroupLimit(choice, gate.groups);
  for (let token = 0; token < tokens; token++) {
    scores.fill(0);
    for (let i = 0; i < hidden; i++) {
      const value = features[token * hidden + i]!;
      for (let e = 0; e < experts; e++) scores[e]! += value * router[i * experts + e]!;
    }
    let largest = -Infinity;
    for (let e = 0; e < experts; e++) if (scores[e]! > largest) largest = scores[e]!;
    let sum = 0;
    for (let e = 0; e < experts; e++) {
      scores[e] = gate.scores === "softmax" ? Math.exp(scores[e]! - largest) : 1 / (1 + Math.exp(-scores[e]!));
      sum += scores[e]!;
    }
    if (gate.scores === "softmax") for (let e = 0; e < experts; e++) scores[e]! /= sum;
    for (let e = 0; e < experts; e++) choice[e] = gate.biased === true ? scores[e]! + bias[e]! : scores[e]!;
    keepGroups?.();
    const at = token * 2 * topK;
    let total = 0;
    for (let place = 0; place < topK; place++) {
      let best = 0;
      for (let e = 1; e < experts; e++) if (choice[e]! > choice[best]!) best = e;
      routed[at + place] = best;
      total += scores[best]!;
      choice[best] = -Infinity;
    }
    const factor = (gate.scale ?? 1) / (gate.renormalized ? total : 1);
    for (let place = 0; place < topK; place++) routed[at + topK + place] = scores[routed[at + place]!]! * factor;
  }
  return routed;
}

/** Takes the experts of all but the best groups out of a choice, in place. */
function plainGroupLimit(choice: Float64Array, { count, chosen, by }: NonNullable<Gate["groups"]>): () => void {
  const size = choice.length / count;
  const worth = new Float64Array(count);
  return () => {
    for (let group = 0; group < count; group++) {
      let first = -Infinity;
      let second = -Infinity;
      for (let e = group * size; e < (group + 1) * size; e++) {
        const value = choice[e]!;
        if (value > first) [first, second] = [value, first];
        else if (value > second) second = value;
      }
      worth[group] = by === "largest" || size === 1 ? first : first + second;
    }
    const least = [...worth].sort((a, b) => b - a)[chosen - 1]!;
    for (let e = 0; e < choice.length; e++) if (worth[Math.floor(e / size)]! < least) choice[e] = -Infinity;
  };
}
