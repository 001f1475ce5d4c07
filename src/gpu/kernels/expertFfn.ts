/** The experts: each row through its own expert, hidden -> feedForward -> hidden. */
import type { Activation } from "../../core/cost/gate.ts";
import { matricesOf } from "../../core/cost/layerForm.ts";
import { type BenchKernel, noCell } from "../benchKernel.ts";
import type { Device, DeviceArray } from "../device.ts";
import { rowsOf } from "../layerShape.ts";
import type { ExpertWeights, LayerWorkload } from "../layerWorkload.ts";
import type { RowOrder } from "../rowOrder.ts";
import { activate, activationSource, definedActivation } from "./activations.ts";
import { rowsInExpertOrder } from "./dispatch.ts";

export function expertFfnKernel(workload: LayerWorkload, order: RowOrder): BenchKernel {
  const { shape, form, weights } = workload;
  const { hidden, feedForward, experts } = shape;
  const { activation } = form;
  const rows = rowsOf(shape);
  const input = rowsInExpertOrder(workload, order);
  return {
    name: "expert-ffn",
    size: `rows=${rows} hidden=${hidden} feedforward=${feedForward} experts=${experts}`,
    work: { flop: expertFfnFlop(workload) },
    exact: noCell,
    reference: () => {
      const output = new Float64Array(rows * hidden);
      order.experts.forEach((expert, row) => {
        const feature = input.subarray(row * hidden, (row + 1) * hidden);
        output.set(expertReference(weights, activation, expert, feature), row * hidden);
      });
      return output;
    },
    plain: () => plainExpertFfn(weights, activation, input, order.experts),
    prepare: async (device) => {
      const tokenAndExpert = Float32Array.from({ length: 2 * rows }, (_, i) =>
        i % 2 === 0 ? order.tokens[i >> 1]! : order.experts[i >> 1]!,
      );
      const stage = expertFfnStage(device, rows, hidden, feedForward, activation);
      const features = await device.resident(input, [hidden, rows]);
      const expertOf = await device.resident(tokenAndExpert, [2, rows]);
      const resident = await residentWeights(device, weights, hidden, activation);
      return () => stage(features, expertOf, resident);
    },
  };
}

/** Products and sums of the matrices; activations are not counted. */
export function expertFfnFlop({ shape, form }: Pick<LayerWorkload, "shape" | "form">): number {
  return 2 * matricesOf(form.activation) * rowsOf(shape) * shape.hidden * shape.feedForward;
}

/** Experts' weights on a device: into the activation, in the order in which kernels take them, and out of it. */
export interface DeviceWeights {
  readonly into: readonly DeviceArray[];
  readonly out: DeviceArray;
}

/** Puts the experts' weights on a device. */
export async function residentWeights(
  device: Device,
  weights: ExpertWeights,
  hidden: number,
  activation: Activation,
): Promise<DeviceWeights> {
  const { experts, width, up, down } = weights;
  const into = [await device.resident(up, [width, hidden, experts])];
  if (matricesOf(activation) === 3) into.push(await device.resident(weights.gate, [width, hidden, experts]));
  return { into, out: await device.resident(down, [hidden, width, experts]) };
}

/** Kernels that one call of `expertFfnStage` launches. */
export const EXPERT_FFN_LAUNCHES = 2;

/** On the device: rows, token and expert of each, and weights, to the experts' results, [hidden, rows]. */
export function expertFfnStage(device: Device, rows: number, hidden: number, width: number, activation: Activation) {
  const gated = matricesOf(activation) === 3;
  const up = device.kernel(
    `function(rows, expertOf, weights${gated ? ", gates" : ""}) {
      const expert = expertOf[this.thread.y][1];
      let sum = 0;
      let gated = 0;
      for (let i = 0; i < ${hidden}; i++) {
        sum += rows[this.thread.y][i] * weights[expert][i][this.thread.x];
        ${gated ? "gated += rows[this.thread.y][i] * gates[expert][i][this.thread.x];" : ""}
      }
      ${activationSource[activation]}
    }`,
    [width, rows],
  );
  const down = device.kernel(
    `function(rows, expertOf, weights) {
      const expert = expertOf[this.thread.y][1];
      let sum = 0;
      for (let i = 0; i < ${width}; i++) { sum += rows[this.thread.y][i] * weights[expert][i][this.thread.x]; }
      return sum;
    }`,
    [hidden, rows],
  );
  return async (input: DeviceArray, expertOf: DeviceArray, weights: DeviceWeights): Promise<DeviceArray> => {
    const activated = await up(input, expertOf, ...weights.into);
    const output = await down(activated, expertOf, weights.out);
    device.release(activated);
    return output;
  };
}

/** One row through one expert by definition, shape [hidden]. */
export function expertReference(
  { width, up, gate, down }: ExpertWeights,
  activation: Activation,
  expert: number,
  row: ArrayLike<number>,
): Float64Array {
  const hidden = row.length;
  const gated = matricesOf(activation) === 3;
  const activated = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    let sum = 0;
    let gating = 0;
    for (let i = 0; i < hidden; i++) {
      const at = (expert * hidden + i) * width + j;
      sum += row[i]! * up[at]!;
      if (gated) gating += row[i]! * gate[at]!;
    }
    activated[j] = definedActivation[activation](sum, gating);
  }
  const output = new Float64Array(hidden);
  for (let j = 0; j < hidden; j++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += activated[i]! * down[(expert * width + i) * hidden + j]!;
    output[j] = sum;
  }
  return output;
}

/**
 * The same in plain JavaScript: rows of the weights are walked in their order, shape [rows][hidden].
 * @param expertOf expert of each row
 */
export function plainExpertFfn(
  weights: ExpertWeights,
  activation: Activation,
  input: Float32Array,
  expertOf: Int32Array,
): Float32Array {
  const { width, up, down } = weights;
  const hidden = input.length / expertOf.length;
  const gated = matricesOf(activation) === 3;
  const output = new Float32Array(input.length);
  const activated = new Float32Array(width);
  const gates = new Float32Array(width);
  for (let row = 0; row < expertOf.length; row++) {
    const start = expertOf[row]! * hidden * width;
    activated.fill(0);
    addProduct(activated, input, row * hidden, hidden, up, start);
    if (gated) {
      gates.fill(0);
      addProduct(gates, input, row * hidden, hidden, weights.gate, start);
    }
    activate[activation](activated, gates);
    addProduct(output.subarray(row * hidden, (row + 1) * hidden), activated, 0, width, down, start);
  }
  return output;
}

/** sums[j] += input[at + i] * weights[start + i * width + j] */
function addProduct(sums: Float32Array, input: Float32Array, at: number, inputs: number, weights: Float32Array, start: number) {
  const width = sums.length;
  for (let i = 0; i < inputs; i++) {
    const value = input[at + i]!;
    const from = start + i * width;
    for (let j = 0; j < width; j++) sums[j]! += value * weights[from + j]!;
  }
}
