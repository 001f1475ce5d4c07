/** What is between an expert's matrices: for kernels, for plain JavaScript, and by definition. */
import type { Activation } from "../../core/cost/gate.ts";

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBE = 0.044715;
/** gpt-oss: where both are clamped, and the steepness of its SiLU. */
const CLAMP = 7;
const STEEPNESS = 1.702;

/** Source of a kernel's last line: `sum` is the first matrix' result, `gated` that of the one beside it. Shaders have no tanh. */
export const activationSource: Readonly<Record<Activation, string>> = {
  gelu: `return sum / (1 + Math.exp(-${2 * GELU_SCALE} * (sum + ${GELU_CUBE} * sum * sum * sum)));`,
  swiglu: "return sum * gated / (1 + Math.exp(-gated));",
  "clamped-swiglu": `const value = Math.min(gated, ${CLAMP});
      return (Math.max(-${CLAMP}, Math.min(sum, ${CLAMP})) + 1) * value / (1 + Math.exp(-${STEEPNESS} * value));`,
};

/** The same in plain JavaScript, in place of the first matrix' results. */
export const activate: Readonly<Record<Activation, (ups: Float32Array, gates: Float32Array) => void>> = {
  gelu: (ups) => {
    for (let j = 0; j < ups.length; j++) {
      const x = ups[j]!;
      ups[j] = x / (1 + Math.exp(-2 * GELU_SCALE * (x + GELU_CUBE * x * x * x)));
    }
  },
  swiglu: (ups, gates) => {
    for (let j = 0; j < ups.length; j++) ups[j] = (ups[j]! * gates[j]!) / (1 + Math.exp(-gates[j]!));
  },
  "clamped-swiglu": (ups, gates) => {
    for (let j = 0; j < ups.length; j++) {
      const gate = Math.min(gates[j]!, CLAMP);
      ups[j] = ((clamped(ups[j]!) + 1) * gate) / (1 + Math.exp(-STEEPNESS * gate));
    }
  },
};

function clamped(value: number): number {
  return Math.max(-CLAMP, Math.min(value, CLAMP));
}

/** By definition: GELU in its tanh form; SiLU x times the logistic function of x, here as half of 1 + tanh(x / 2). */
export const definedActivation: Readonly<Record<Activation, (up: number, gate: number) => number>> = {
  gelu: (up) => 0.5 * up * (1 + Math.tanh(GELU_SCALE * (up + GELU_CUBE * up ** 3))),
  swiglu: (up, gate) => up * gate * logistic(gate),
  "clamped-swiglu": (up, gate) => {
    const value = gate > CLAMP ? CLAMP : gate;
    const other = up > CLAMP ? CLAMP : up < -CLAMP ? -CLAMP : up;
    return (other + 1) * value * logistic(STEEPNESS * value);
  },
};

function logistic(x: number): number {
  return 0.5 * (1 + Math.tanh(x / 2));
}
