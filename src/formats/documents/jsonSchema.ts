/** JSON Schemas of the documents, derived from the schemas that check them. */

import * as z from "zod/mini";
import { checkChoice } from "../../core/algorithms/checkChoice.ts";
import { dispatchWeightsSchema } from "../dispatchWeights.ts";
import { benchSchema } from "./bench.ts";
import { comparisonSchema } from "./comparison.ts";
import { dispatchPlanSchema } from "./dispatchPlan.ts";
import { loadDriftSchema } from "./loadDrift.ts";
import { loadProfileSchema } from "./loadProfile.ts";
import { membershipTraceSchema } from "./membershipTrace.ts";
import { pipelinePlanSchema } from "./pipelinePlan.ts";
import { placementSchema } from "./placement.ts";
import { recoveryPlanSchema } from "./recoveryPlan.ts";
import { bulkSchemas } from "./schema.ts";
import { simulationSchema } from "./simulation.ts";

const schemas = {
  "load-profile": loadProfileSchema,
  "load-drift": loadDriftSchema,
  placement: placementSchema,
  "dispatch-plan": dispatchPlanSchema,
  "dispatch-weights": dispatchWeightsSchema,
  "recovery-plan": recoveryPlanSchema,
  "membership-trace": membershipTraceSchema,
  "pipeline-plan": pipelinePlanSchema,
  comparison: comparisonSchema,
  simulation: simulationSchema,
  bench: benchSchema,
} as const satisfies Record<string, z.ZodMiniType>;

/** A kind of document. */
export type DocumentKind = keyof typeof schemas;

/** Kinds of documents. */
export const documentKinds = Object.keys(schemas) as DocumentKind[];

/** The JSON Schema (draft 2020-12) of a kind of document. Fields may be added to documents, so unknown ones are allowed. */
export function jsonSchema(kind: DocumentKind): object {
  checkChoice("kind", kind ?? null, documentKinds);
  const schema = z.toJSONSchema(schemas[kind], {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const bulk = bulkSchemas.get(zodSchema);
      if (bulk !== undefined) Object.assign(jsonSchema, bulk);
    },
  });
  return { title: `lazarus ${kind}`, ...(withSingleTypes(schema) as object) };
}

/** Ajv's strict mode takes one type a place, not a list of them. */
function withSingleTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSingleTypes);
  if (typeof value !== "object" || value === null) return value;
  const { type, ...rest } = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withSingleTypes(inner)]));
  if (type === undefined) return rest;
  return Array.isArray(type) ? { ...rest, anyOf: type.map((one) => ({ type: one })) } : { type, ...rest };
}
