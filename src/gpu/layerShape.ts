/** How large an MoE layer is on one rank. */
import type { LayerForm } from "../core/cost/layerForm.ts";
import { Infeasible } from "../core/layout/infeasible.ts";

/** Sizes of the layer that a rank computes. */
export interface LayerShape {
  /** Tokens that the router sees. */
  readonly tokens: number;
  /** Feature dimension. */
  readonly hidden: number;
  /** Width between the two matrices of an expert. */
  readonly feedForward: number;
  /** Experts that the rank holds. */
  readonly experts: number;
  /** Experts that a token is routed to. */
  readonly topK: number;
}

/** Where no model says otherwise: Mixtral's, softmax over the chosen and SwiGLU. */
export const plainForm: LayerForm = {
  gate: { scores: "softmax", renormalized: true },
  activation: "swiglu",
  sharedExperts: 0,
};

/** Rows that the experts compute: one for each token and expert it is routed to. */
export function rowsOf({ tokens, topK }: LayerShape): number {
  return tokens * topK;
}

/**
 * @throws RangeError when a size is not a positive whole number, topK exceeds the experts, or a count reaches 2^24, where
 * single precision stops being exact
 */
export function checkLayerShape(shape: LayerShape, form: LayerForm): void {
  for (const [name, size] of Object.entries(shape)) {
    if (!Number.isSafeInteger(size) || size < 1) throw new Infeasible(`${name} must be a positive whole number, got ${size}`);
  }
  if (shape.topK > shape.experts) throw new Infeasible(`topK ${shape.topK} exceeds the ${shape.experts} experts`);
  checkGroups(shape, form);
  if (rowsOf(shape) >= 1 << 24) throw new Infeasible(`${rowsOf(shape)} rows are too many; a kernel counts below 2^24`);
}

function checkGroups({ experts, topK }: LayerShape, { gate: { groups } }: LayerForm): void {
  if (groups === undefined) return;
  const { count, chosen } = groups;
  if (experts % count !== 0) throw new Infeasible(`${experts} experts do not make ${count} groups of equal size`);
  if (chosen > count) throw new Infeasible(`${chosen} groups cannot be chosen among ${count}`);
  if (topK > (experts / count) * chosen)
    throw new Infeasible(`topK ${topK} exceeds the ${(experts / count) * chosen} experts of ${chosen} of the ${count} groups`);
}
