/** Model files: what a model is made of, as JSON. */
import * as z from "zod/mini";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { amount, checkFields, count, label, nodeSlots, positiveCount, sources } from "./documents/schema.ts";
import { ID_LIMITS } from "./routing/routingColumns.ts";

const interval = z.union([z.strictObject({ steps: positiveCount }), z.strictObject({ seconds: amount })]);

const gate = z.strictObject({
  scores: z.enum(["softmax", "sigmoid"]),
  biased: z.exactOptional(z.boolean()),
  renormalized: z.boolean(),
  scale: z.exactOptional(z.number().check(z.positive())),
  groups: z.exactOptional(
    z.strictObject({ count: positiveCount, chosen: positiveCount, by: z.enum(["largest", "two-largest"]) }),
  ),
});

const setting = {
  name: label,
  sequencesPerNode: positiveCount,
  slotsPerNode: nodeSlots,
  minReplicas: positiveCount,
  expertParallelNodes: positiveCount,
  stateBytesPerParameter: amount,
  checkpointEvery: interval,
  faultTolerantCheckpointEvery: interval,
  dispatchIsAllRemote: z.boolean(),
  nodesPerToken: z.exactOptional(positiveCount),
  gradientAccumulation: z.exactOptional(positiveCount),
  gate: z.exactOptional(gate),
  activation: z.exactOptional(z.enum(["gelu", "swiglu", "clamped-swiglu"])),
  layers: z.int().check(z.positive(), z.maximum(ID_LIMITS.layer)),
  experts: z.int().check(z.positive(), z.maximum(ID_LIMITS.expert)),
  topK: positiveCount,
  hidden: positiveCount,
  sequence: positiveCount,
  vocabulary: positiveCount,
  sources,
};

const gated = {
  ...setting,
  denseLayers: count,
  sharedExperts: count,
  denseFeedForward: positiveCount,
  expertFeedForward: positiveCount,
  heads: positiveCount,
  precision: z.enum(["fp8", "bf16"]),
};

const modelSchema: z.ZodMiniType<ModelSpec> = z.discriminatedUnion("architecture", [
  z.strictObject({ architecture: z.literal("gpt"), ...setting }),
  z.strictObject({
    architecture: z.literal("deepseek"),
    ...gated,
    queryRank: positiveCount,
    keyValueRank: positiveCount,
    noPositionHead: positiveCount,
    rotaryHead: positiveCount,
    valueHead: positiveCount,
  }),
  z.strictObject({ architecture: z.literal("grouped-query"), ...gated, keyValueHeads: positiveCount, headSize: positiveCount }),
]);

/**
 * Checks a parsed model file.
 * @throws InputError naming the field
 */
export function checkModel(value: unknown, source: string): ModelSpec {
  return checkFields(modelSchema, "model", value, source);
}
