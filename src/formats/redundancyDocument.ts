/** From the search for the fewest slots to what a placement document says of it. */
import { totalSlots } from "../core/layout/cluster.ts";
import { resilienceOf } from "../core/placement/assess.ts";
import type { FewestSlots, TriedSlots } from "../core/placement/fewestSlots.ts";
import { POLICY_DEFAULTS, type Policy } from "../core/placement/policy.ts";
import type { RedundancyGoal } from "../core/placement/redundancyGoal.ts";
import type { PlacementDocument } from "./documents/placement.ts";
import { resilienceFields } from "./placementDocument.ts";

/** Failures of which the document says how likely they are survived. */
const FAILURES = 4;

/**
 * The same document with what the search found.
 * @param slotBytes memory that a slot takes in all layers, where it is known
 */
export function withRedundancy(
  document: PlacementDocument,
  found: FewestSlots,
  { survive, survival }: RedundancyGoal,
  slotBytes: number | undefined,
): PlacementDocument {
  const { atLeast, fewest, policy } = found;
  const redundancy = {
    ...(survive === undefined ? {} : { survive }),
    ...(survival === undefined ? {} : { survival }),
    failureUnit: policy.failureUnit ?? POLICY_DEFAULTS.failureUnit,
    atLeast,
    fewest,
    tried: found.tried.map((row) => triedFields(row, policy, slotBytes)),
  };
  return { ...document, redundancy };
}

function triedFields({ slotsPerGpu, made, assessment, reaches }: TriedSlots, policy: Policy, slotBytes: number | undefined) {
  const { failures, tolerates, survival, survivalInterval } = resilienceFields(resilienceOf(assessment, policy));
  const slots = totalSlots(made.cluster);
  return {
    slotsPerGpu,
    totalSlots: slots,
    redundantExperts: slots - Math.max(...made.layers.map(({ loads }) => loads.length)),
    reaches,
    balance: { ...assessment.balance },
    failures: failures.slice(0, FAILURES),
    tolerates,
    survival,
    ...(survivalInterval === undefined ? {} : { survivalInterval }),
    ...(slotBytes === undefined ? {} : { bytesPerGpu: slotsPerGpu * slotBytes }),
  };
}
