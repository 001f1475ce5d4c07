/** What a layer takes of a machine, reckoned before anything is allocated, and what fits instead. */
import { type LayerForm, matricesOf } from "../core/cost/layerForm.ts";
import { Infeasible } from "../core/layout/infeasible.ts";
import { type LayerShape, rowsOf } from "./layerShape.ts";

/** What a machine takes. */
export interface LayerLimits {
  /** All arrays of a bench together, on the host and beside it. */
  readonly bytes: number;
  /** Products of one run. */
  readonly products: number;
  /** The largest array that a kernel reads or makes. */
  readonly arrayBytes: number;
}

/** Beyond this nothing is measured, whoever asks for it: plain JavaScript, beside which every kernel is timed, takes a minute and a half. */
export const mostLimits: LayerLimits = { bytes: 2 ** 31, products: 2 ** 36, arrayBytes: 2 ** 30 };

/** Products that are some seconds' work where the sizes are ours to choose: for processors, and where a GPU is to have something to do. */
export const EASY_PRODUCTS = { processor: 2 ** 27, gpu: 2 ** 30 } as const;

/** What a layer takes. */
export function layerNeeds(shape: LayerShape, form: LayerForm): LayerLimits {
  const { tokens, hidden, feedForward, experts, topK } = shape;
  const rows = rowsOf(shape);
  const matrices = matricesOf(form.activation);
  const matrix = hidden * feedForward;
  const width = Math.max(1, form.sharedExperts) * feedForward;
  // Single precision: weights here and on the device; rows as they come, in order, of each kernel and of the reference, in doubles.
  const weights = 2 * 4 * matrices * (experts + form.sharedExperts) * matrix;
  const perRow = 32 * hidden + 4 * feedForward + 16;
  const perToken = 16 * hidden + 8 * experts + 4 * width * Math.sign(form.sharedExperts) + 16 * topK;
  return {
    bytes: weights + rows * perRow + tokens * perToken,
    products: (rows + form.sharedExperts * tokens) * matrices * matrix + tokens * hidden * experts,
    arrayBytes: 4 * Math.max(experts * matrix, width * hidden, rows * Math.max(hidden, feedForward), tokens * experts),
  };
}

/** Whether a layer stays within limits. */
export function fits(shape: LayerShape, form: LayerForm, limits: LayerLimits): boolean {
  const needs = layerNeeds(shape, form);
  return needs.bytes <= limits.bytes && needs.products <= limits.products && needs.arrayBytes <= limits.arrayBytes;
}

/** The layer with hidden and feedForward divided by the least power of two with which it fits; then with fewer tokens. */
export function scaledToFit(shape: LayerShape, form: LayerForm, limits: LayerLimits): LayerShape {
  let scaled = shape;
  for (let by = 2; !fits(scaled, form, limits) && (scaled.hidden > 16 || scaled.feedForward > 16); by *= 2) {
    scaled = { ...shape, hidden: divided(shape.hidden, by), feedForward: divided(shape.feedForward, by) };
  }
  while (!fits(scaled, form, limits) && scaled.tokens > 1) scaled = { ...scaled, tokens: divided(scaled.tokens, 2) };
  return scaled;
}

/** A size divided, at least 1. */
export function divided(size: number, by: number): number {
  return Math.max(1, Math.round(size / by));
}

/**
 * Refuses a layer that does not fit, with what would.
 * @throws Infeasible
 */
export function checkLayerFits(shape: LayerShape, form: LayerForm, limits: LayerLimits): void {
  if (fits(shape, form, limits)) return;
  const needs = layerNeeds(shape, form);
  const { tokens, hidden, feedForward } = scaledToFit(shape, form, limits);
  const instead = `tokens=${tokens},hidden=${hidden},feedforward=${feedForward} would fit`;
  if (needs.bytes > limits.bytes)
    throw new Infeasible(
      `this takes ${gigabytes(needs.bytes)} of memory, at most ${gigabytes(limits.bytes)} are used; ${instead}`,
    );
  if (needs.arrayBytes > limits.arrayBytes)
    throw new Infeasible(
      `an array of ${gigabytes(needs.arrayBytes)} is too large here, at most ${gigabytes(limits.arrayBytes)} are allowed; ${instead}`,
    );
  throw new Infeasible(
    `${(needs.products / 1e9).toPrecision(3)} billion products a run are too many, at most ${(limits.products / 1e9).toPrecision(3)} are measured, and plain JavaScript takes a second or two for one; ${instead}`,
  );
}

/**
 * Refuses more failure orders than memory holds.
 * @throws Infeasible
 */
export function checkRecoveryFits(nodes: number, sets: number, samples: number): void {
  // Orders as numbers of JavaScript, who is alive after each failure as words of 24 nodes here and on the device, and host sets.
  const perSample = 8 * nodes + 8 * nodes * Math.ceil(nodes / 24);
  const bytes = samples * perSample + sets * (64 + Math.ceil(nodes / 24) * 8);
  if (bytes > mostLimits.bytes) {
    const most = Math.floor((mostLimits.bytes / 2 - sets * 64) / perSample);
    const instead = most > 0 ? `samples=${most} would fit` : "take fewer nodes or sets";
    throw new Infeasible(
      `recovery-mc takes ${gigabytes(bytes)} of memory, at most ${gigabytes(mostLimits.bytes)} are used; ${instead}`,
    );
  }
  // Host sets are drawn as the first nodes of an order; a failure looks at every set.
  const looks = sets * nodes + samples * nodes * sets * Math.ceil(nodes / 24);
  if (looks <= mostLimits.products) return;
  const most = Math.floor((mostLimits.products - sets * nodes) / (nodes * sets * Math.ceil(nodes / 24)));
  const instead = most > 0 ? `samples=${most} would fit` : "take fewer nodes or sets";
  throw new Infeasible(`recovery-mc looks at ${(looks / 1e9).toPrecision(3)} billion sets a run, which is too many; ${instead}`);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}
