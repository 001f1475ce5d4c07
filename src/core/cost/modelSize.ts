/** Parameter counts of a model. */
import type { DeepSeekModel, GptModel, GroupedQueryModel, ModelSpec } from "./modelSpec.ts";

/** Parameters by where they live: replicated on every node, or in the experts. */
export interface ModelSize {
  readonly dense: number;
  /** One expert of one layer. */
  readonly expert: number;
  readonly total: number;
}

/** Counts a model's parameters. GPT: tied embeddings, d x 4d x d experts. Others: gated experts, untied embeddings. */
export function modelSize(model: ModelSpec): ModelSize {
  const gpt = model.architecture === "gpt";
  const dense = gpt ? gptDense(model) : gatedDense(model);
  const expert = gpt ? 8 * model.hidden ** 2 : 3 * model.hidden * model.expertFeedForward;
  return { dense, expert, total: dense + model.layers * model.experts * expert };
}

function gptDense({ hidden, vocabulary, sequence, layers }: GptModel): number {
  return (vocabulary + sequence) * hidden + 4 * layers * hidden ** 2;
}

function gatedDense(model: DeepSeekModel | GroupedQueryModel): number {
  const sharedExperts = model.layers * model.sharedExperts * 3 * model.hidden * model.expertFeedForward;
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

/** Weights of one attention layer. */
export function attentionParameters(model: DeepSeekModel | GroupedQueryModel): number {
  const { hidden, heads } = model;
  const output = outputParameters(model);
  if (model.architecture === "grouped-query") {
    return hidden * model.headSize * (heads + 2 * model.keyValueHeads) + output;
  }
  const { queryRank, keyValueRank, noPositionHead, rotaryHead, valueHead } = model;
  return (
    hidden * queryRank +
    queryRank * heads * (noPositionHead + rotaryHead) +
    hidden * (keyValueRank + rotaryHead) +
    keyValueRank * heads * (noPositionHead + valueHead) +
    output
  );
}

/** Of these, the weights of the last projection. */
export function outputParameters(model: DeepSeekModel | GroupedQueryModel): number {
  return model.heads * (model.architecture === "deepseek" ? model.valueHead : model.headSize) * model.hidden;
}

/** Products for one head of two tokens, their score and the value. */
export function headProducts(model: DeepSeekModel | GroupedQueryModel): number {
  return model.architecture === "deepseek" ? model.rotaryHead + model.noPositionHead + model.valueHead : 2 * model.headSize;
}
