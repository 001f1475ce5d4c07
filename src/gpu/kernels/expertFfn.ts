/** The experts: each row through its own expert, hidden -> feedForward -> hidden with GELU between. */
import { type BenchKernel, noCell } from "../benchKernel.ts";
import { type Device, type DeviceArray, readingCall } from "../device.ts";
import { type LayerShape, rowsOf } from "../layerShape.ts";
import type { LayerWorkload } from "../layerWorkload.ts";
import type { RowOrder } from "../rowOrder.ts";
import { rowsInExpertOrder } from "./dispatch.ts";

export function expertFfnKernel(workload: LayerWorkload, order: RowOrder): BenchKernel {
  const { shape } = workload;
  const { hidden, feedForward, experts } = shape;
  const rows = rowsOf(shape);
  const input = rowsInExpertOrder(workload, order);
  return {
    name: "expert-ffn",
    size: `rows=${rows} hidden=${hidden} feedforward=${feedForward} experts=${experts}`,
    work: { flop: expertFfnFlop(shape) },
    exact: noCell,
    reference: () => {
      const output = new Float64Array(rows * hidden);
      order.experts.forEach((expert, row) => {
        output.set(expertReference(workload, expert, input.subarray(row * hidden, (row + 1) * hidden)), row * hidden);
      });
      return output;
    },
    plain: () => plainExpertFfn(workload, input, order.experts),
    prepare: async (device) => {
      const tokenAndExpert = Float32Array.from({ length: 2 * rows }, (_, i) =>
        i % 2 === 0 ? order.tokens[i >> 1]! : order.experts[i >> 1]!,
      );
      const stage = expertFfnStage(device, shape);
      return readingCall(
        device,
        stage,
        await device.resident(input, [hidden, rows]),
        await device.resident(tokenAndExpert, [2, rows]),
        ...(await expertWeights(device, workload)),
      );
    },
  };
}

/** Products and sums of the two matrices; the activation is not counted. */
export function expertFfnFlop(shape: LayerShape): number {
  return 4 * rowsOf(shape) * shape.hidden * shape.feedForward;
}

/** Puts the experts' weights on a device. */
export async function expertWeights(device: Device, { shape, up, down }: LayerWorkload): Promise<[DeviceArray, DeviceArray]> {
  const { hidden, feedForward, experts } = shape;
  return [await device.resident(up, [feedForward, hidden, experts]), await device.resident(down, [hidden, feedForward, experts])];
}

/**
 * On the device: rows, token and expert of each, both weights, to the experts' results, [hidden, rows].
 * GELU in its tanh form, written as x * sigmoid(2u): shaders have no tanh.
 */
export function expertFfnStage(device: Device, shape: LayerShape) {
  const { hidden, feedForward } = shape;
  const rows = rowsOf(shape);
  const product = (inputs: number) => `
      const expert = expertOf[this.thread.y][1];
      let sum = 0;
      for (let i = 0; i < ${inputs}; i++) { sum += rows[this.thread.y][i] * weights[expert][i][this.thread.x]; }`;
  const up = device.kernel(
    `function(rows, expertOf, weights) {${product(hidden)}
      return sum / (1 + Math.exp(-${2 * GELU_SCALE} * (sum + ${GELU_CUBE} * sum * sum * sum)));
    }`,
    [feedForward, rows],
  );
  const down = device.kernel(`function(rows, expertOf, weights) {${product(feedForward)} return sum; }`, [hidden, rows]);
  return async (
    input: DeviceArray,
    expertOf: DeviceArray,
    upWeights: DeviceArray,
    downWeights: DeviceArray,
  ): Promise<DeviceArray> => {
    const activated = await up(input, expertOf, upWeights);
    const output = await down(activated, expertOf, downWeights);
    device.release(activated);
    return output;
  };
}

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBE = 0.044715;

/** One row through one expert by definition, shape [hidden]. */
export function expertReference({ shape, up, down }: LayerWorkload, expert: number, row: ArrayLike<number>): Float64Array {
  const { hidden, feedForward } = shape;
  const activated = new Float64Array(feedForward);
  for (let j = 0; j < feedForward; j++) {
    let sum = 0;
    for (let i = 0; i < hidden; i++) sum += row[i]! * up[(expert * hidden + i) * feedForward + j]!;
    activated[j] = 0.5 * sum * (1 + Math.tanh(GELU_SCALE * (sum + GELU_CUBE * sum ** 3)));
  }
  const output = new Float64Array(hidden);
  for (let j = 0; j < hidden; j++) {
    let sum = 0;
    for (let i = 0; i < feedForward; i++) sum += activated[i]! * down[(expert * feedForward + i) * hidden + j]!;
    output[j] = sum;
  }
  return output;
}

/** The same in plain JavaScript: rows of the weights are walked in their order, shape [rows][hidden]. */
export function plainExpertFfn({ shape, up, down }: LayerWorkload, input: Float32Array, experts: Int32Array): Float32Array {
  const { hidden, feedForward } = shape;
  const output = new Float32Array(input.length);
  const activated = new Float32Array(feedForward);
  for (let row = 0; row < experts.length; row++) {
    const weights = experts[row]! * hidden * feedForward;
    activated.fill(0);
    addProduct(activated, input, row * hidden, hidden, up, weights);
    for (let j = 0; j < feedForward; j++) {
      const x = activated[j]!;
      activated[j] = x / (1 + Math.exp(-2 * GELU_SCALE * (x + GELU_CUBE * x * x * x)));
    }
    addProduct(output.subarray(row * hidden, (row + 1) * hidden), activated, 0, feedForward, down, weights);
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
