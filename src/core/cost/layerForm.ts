/** How a model's MoE layer computes: what its router makes of scores, and what an expert is. */
import type { Activation, Gate } from "./gate.ts";
import type { ModelSpec } from "./modelSpec.ts";

/** One MoE layer's way of computing. */
export interface LayerForm {
  readonly gate: Gate;
  readonly activation: Activation;
  /** Experts that every token goes to, whose results are added as they are. */
  readonly sharedExperts: number;
}

/** The layer of a model; where its file does not say: plain softmax and GELU in GPTs, else renormalised softmax and SwiGLU. */
export function layerForm(model: ModelSpec): LayerForm {
  const gpt = model.architecture === "gpt";
  return {
    gate: model.gate ?? { scores: "softmax", renormalized: !gpt },
    activation: model.activation ?? (gpt ? "gelu" : "swiglu"),
    sharedExperts: gpt ? 0 : model.sharedExperts,
  };
}

/** Matrices of one expert. */
export function matricesOf(activation: Activation): number {
  return activation === "gelu" ? 2 : 3;
}

/** A layer's way of computing in a line. */
export function layerFormText({ gate, activation, sharedExperts }: LayerForm): string {
  const { scores, biased, renormalized, scale, groups } = gate;
  const parts = [
    `${scores} gate${biased === true ? " with biases" : ""}`,
    ...(groups === undefined ? [] : [`experts of ${groups.chosen} of ${groups.count} groups`]),
    `weights ${renormalized ? "renormalised" : "as they are"}${scale === undefined ? "" : ` times ${scale}`}`,
  ];
  const shared = sharedExperts === 0 ? "" : `, ${sharedExperts} shared`;
  return `${parts.join(", ")}; ${ACTIVATION_NAMES[activation]} experts (${matricesOf(activation)} matrices)${shared}`;
}

const ACTIVATION_NAMES: Readonly<Record<Activation, string>> = {
  gelu: "GELU",
  swiglu: "SwiGLU",
  "clamped-swiglu": "clamped SwiGLU",
};
