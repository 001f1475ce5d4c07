/** Parameter counts of a model. */
import type { DeepSeekModel, GptModel, ModelSpec } from "./modelSpec.ts";

/** Parameters by where they live: replicated on every node, or in the experts. */
export interface ModelSize {
  readonly dense: number;
  /** One expert of one layer. */
  readonly expert: number;
  readonly total: number;
}

/** Counts a model's parameters. GPT: tied embeddings, d x 4d x d experts. DeepSeek: gated experts, untied embeddings. */
export function modelSize(model: ModelSpec): ModelSize {
  const dense = model.architecture === "gpt" ? gptDense(model) : deepSeekDense(model);
  const expert = model.architecture === "gpt" ? 8 * model.hidden ** 2 : 3 * model.hidden * model.expertFeedForward;
  return { dense, expert, total: dense + model.layers * model.experts * expert };
}

function gptDense({ hidden, vocabulary, sequence, layers }: GptModel): number {
  return (vocabulary + sequence) * hidden + 4 * layers * hidden ** 2;
}

function deepSeekDense(model: DeepSeekModel): number {
  const sharedExperts = model.layers * 3 * model.hidden * model.expertFeedForward;
  const feedForward = model.denseLayers * 3 * model.hidden * model.denseFeedForward;
  const routers = model.layers * model.hidden * model.experts;
  return (
    2 * model.vocabulary * model.hidden +
    (model.layers + model.denseLayers) * attentionParameters(model) +
    feedForward +
    sharedExperts +
    routers
  );
}

/** Weights of one latent attention layer. */
export function attentionParameters(model: DeepSeekModel): number {
  const { hidden, heads, queryRank, keyValueRank, noPositionHead, rotaryHead, valueHead } = model;
  return (
    hidden * queryRank +
    queryRank * heads * (noPositionHead + rotaryHead) +
    hidden * (keyValueRank + rotaryHead) +
    keyValueRank * heads * (noPositionHead + valueHead) +
    heads * valueHead * hidden
  );
}
