/** What the kernels of a layer compute on: drawn tokens and weights, and the dispatch that routing them leads to. */

import { type RandomSource, randomSource } from "../core/algorithms/random.ts";
import type { LayerForm } from "../core/cost/layerForm.ts";
import type { LayerDispatch } from "../core/dispatch/layerDispatch.ts";
import { lazarusDispatch } from "../core/dispatch/lazarusDispatch.ts";
import { checkLayerShape, type LayerShape, plainForm, rowsOf } from "./layerShape.ts";
import { routeToken } from "./routeToken.ts";

/** Tokens of one expert that come from one rank. */
export interface ReceivedChunk {
  readonly expert: number;
  readonly source: number;
  readonly tokens: number;
}

/** Inputs of a layer, and the routing they lead to. */
export interface LayerWorkload {
  readonly shape: LayerShape;
  readonly form: LayerForm;
  /** Token features, shape [tokens][hidden]. */
  readonly features: Float32Array;
  /** Router weights, shape [hidden][experts]. */
  readonly router: Float32Array;
  /** What each expert's score is raised by when a biased gate chooses, shape [experts]. */
  readonly bias: Float32Array;
  /** Experts of each token in the order of choice, then their weights, shape [tokens][2 * topK]. */
  readonly routed: Float64Array;
  /** What the rank receives, by expert, then source: the part of a dispatch plan that has this rank as target. */
  readonly received: readonly ReceivedChunk[];
  /** Weights of the experts. */
  readonly weights: ExpertWeights;
  /** Weights of the shared experts as one that is as wide as all of them; nothing without such. */
  readonly shared: ExpertWeights | undefined;
  /** Numbers to stand for what the experts give, in expert order, shape [rows][hidden]; drawn when first asked for. */
  readonly outputs: Float32Array;
}

/** Weights of experts of one width; drawn when first asked for. */
export interface ExpertWeights {
  readonly experts: number;
  /** Features between the matrices. */
  readonly width: number;
  /** First matrices, shape [experts][hidden][width]. */
  readonly up: Float32Array;
  /** Those beside them whose results gate theirs, of the same shape; of no account to GELU. */
  readonly gate: Float32Array;
  /** Second matrices, shape [experts][width][hidden]. */
  readonly down: Float32Array;
}

/** Ranks that send to ours where no plan says which. */
const SOURCES = 4;
const MOST_DRAWS = 1000;
/** How far all tokens lean in one direction, which makes some experts popular. */
const COMMON_LEANING = 0.5;
/** How far the biases of a gate lie apart, on scores between 0 and 1. */
const BIAS_DEVIATION = 0.05;

/**
 * Draws a layer. Without a plan, tokens are routed as they fall, with some experts more popular than others.
 * @param received what a dispatch plan sends to this rank, by expert, then source; each token is then drawn so that the
 * router picks its expert, and topK must be 1 because a received row is for one expert
 * @throws RangeError on a shape that cannot be, or that does not fit the plan
 */
export function layerWorkload(
  shape: LayerShape,
  seed: number,
  received?: readonly ReceivedChunk[],
  form: LayerForm = plainForm,
): LayerWorkload {
  checkLayerShape(shape, form);
  const { hidden, feedForward, experts } = shape;
  const { sharedExperts } = form;
  const random = randomSource(seed);
  const router = uniformArray(hidden * experts, 1 / Math.sqrt(hidden), random);
  const bias = uniformArray(experts, BIAS_DEVIATION, randomSource(seed, 4));
  const decide = (feature: Float32Array) => routeToken(feature, router, bias, shape, form.gate);
  const { features, routed } = drawTokens(shape, router, random, decide, received && wantedExperts(shape, received));
  const outputs = drawnOnce(rowsOf(shape) * hidden, 1, () => randomSource(seed, 3));
  return {
    shape,
    form,
    features,
    router,
    bias,
    routed,
    received: received ?? dispatchToOneRank(shape, routed),
    weights: drawnWeights(experts, feedForward, hidden, [1, 2, 5], seed),
    shared: sharedExperts === 0 ? undefined : drawnWeights(1, sharedExperts * feedForward, hidden, [6, 7, 8], seed),
    get outputs() {
      return outputs();
    },
  };
}

/** @param parts streams of the seed for first, second and gating matrices */
function drawnWeights(
  experts: number,
  width: number,
  hidden: number,
  parts: readonly [number, number, number],
  seed: number,
): ExpertWeights {
  const length = experts * hidden * width;
  const [up, down, gate] = parts.map((part) =>
    drawnOnce(length, 1 / Math.sqrt(part === parts[1] ? width : hidden), () => randomSource(seed, part)),
  );
  return {
    experts,
    width,
    get up() {
      return up!();
    },
    get gate() {
      return gate!();
    },
    get down() {
      return down!();
    },
  };
}

function drawnOnce(length: number, deviation: number, random: () => RandomSource): () => Float32Array {
  let drawn: Float32Array | undefined;
  return () => {
    drawn ??= uniformArray(length, deviation, random());
    return drawn;
  };
}

/** Uniform numbers with mean 0 and this standard deviation. */
function uniformArray(length: number, deviation: number, random: RandomSource): Float32Array {
  const width = 2 * Math.sqrt(3) * deviation;
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = (random.uniform() - 0.5) * width;
  return values;
}

/** Expert of each token when tokens come in order of source, then expert, shape [tokens]. */
function wantedExperts({ tokens, topK }: LayerShape, received: readonly ReceivedChunk[]): number[] {
  if (topK !== 1) throw new RangeError(`a row of a plan is for one expert, topK is ${topK}`);
  const bySource = [...received].sort((a, b) => a.source - b.source || a.expert - b.expert);
  const wanted = bySource.flatMap((chunk) => new Array<number>(chunk.tokens).fill(chunk.expert));
  if (wanted.length !== tokens) throw new RangeError(`the plan sends ${wanted.length} tokens, the shape has ${tokens}`);
  return wanted;
}

function drawTokens(
  shape: LayerShape,
  router: Float32Array,
  random: RandomSource,
  decide: (feature: Float32Array) => readonly number[] | undefined,
  wanted: readonly number[] | undefined,
) {
  const { tokens, hidden, experts, topK } = shape;
  const features = new Float32Array(tokens * hidden);
  const routed = new Float64Array(tokens * 2 * topK);
  const common = uniformArray(hidden, wanted ? 0 : COMMON_LEANING, random);
  for (let token = 0; token < tokens; token++) {
    const feature = features.subarray(token * hidden, (token + 1) * hidden);
    const expert = wanted?.[token];
    for (let draw = 0; ; draw++) {
      if (draw === MOST_DRAWS) throw new RangeError(`no token of ${hidden} features tells ${experts} experts apart; use more`);
      // A token leans towards the expert it is wanted for, the more so the longer it takes.
      const leaning = expert === undefined ? 0 : 3 * (1 + draw / 8);
      for (let i = 0; i < hidden; i++) {
        const towards = expert === undefined ? 0 : router[i * experts + expert]!;
        feature[i] = (random.uniform() - 0.5) * 2 * Math.sqrt(3) + common[i]! + leaning * towards;
      }
      const decided = decide(feature);
      if (decided === undefined || (expert !== undefined && decided[0] !== expert)) continue;
      routed.set(decided, token * 2 * topK);
      break;
    }
  }
  return { features, routed };
}

/** Dispatch plan that sends every row to rank 0, which holds all experts; tokens come from the ranks in equal runs. */
function dispatchToOneRank(shape: LayerShape, routed: Float64Array): ReceivedChunk[] {
  const { tokens, experts, topK } = shape;
  const table = new Float64Array(experts * SOURCES);
  for (let row = 0; row < rowsOf(shape); row++) {
    const token = Math.floor(row / topK);
    const expert = routed[token * 2 * topK + (row % topK)]!;
    const at = expert * SOURCES + Math.floor((token * SOURCES) / tokens);
    table[at]! += 1;
  }
  const everyExpert = Array.from({ length: experts }, () => [[0, 1]] as const);
  return receivedBy(0, lazarusDispatch({ experts, ranks: SOURCES, tokens: table }, everyExpert));
}

/** The part of a dispatch that has this rank as target, by expert, then source. */
export function receivedBy(rank: number, { expert, source, target, tokens }: LayerDispatch): ReceivedChunk[] {
  const chunks: ReceivedChunk[] = [];
  target.forEach((to, i) => {
    if (to !== rank) return;
    chunks.push({ expert: expert[i]!, source: source[i]!, tokens: tokens[i]! });
  });
  return chunks.sort((a, b) => a.expert - b.expert || a.source - b.source);
}
