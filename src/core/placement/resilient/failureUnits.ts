/** What fails independently of everything else, and how likely. */
import type { ClusterNode } from "../../layout/cluster.ts";
import { failureDomains } from "../../recovery/failureDomains.ts";
import { type RecoveryProbabilities, recoveryProbabilities } from "../../recovery/recoveryProbabilities.ts";
import { survivalProbability } from "../../recovery/survivalProbability.ts";

/** The failures that a placement should survive. */
export interface FailureModel {
  /** Whether nodes fail one by one, or domains as a whole (a node without a domain by itself). */
  readonly unit: "node" | "domain";
  /** That a unit fails, above 0 and below 1; by default 1 / units, and at least 0.05. */
  readonly probability?: number;
}

/** Failure units of a cluster. */
export interface FailureUnits {
  /** Unit of each node, numbers from 0, shape [nodes]. */
  readonly unitOfNode: readonly number[];
  readonly count: number;
  /** That a unit fails. */
  readonly probability: number;
}

/**
 * The units of a cluster under a failure model.
 * @throws RangeError when the probability is not between 0 and 1
 */
export function failureUnits(cluster: readonly ClusterNode[], { unit, probability }: FailureModel): FailureUnits {
  const { domainOf, count } =
    unit === "domain" ? failureDomains(cluster) : { domainOf: cluster.map((_, node) => node), count: cluster.length };
  const p = probability ?? defaultFailureProbability(count);
  if (!(p > 0 && p < 1)) throw new RangeError(`the failure probability must lie between 0 and 1, got ${p}`);
  return { unitOfNode: domainOf, count, probability: p };
}

/** One failure among all units on average, or 0.05 on large clusters; one half for a single unit, which 1 would leave no hope. */
function defaultFailureProbability(units: number): number {
  return units === 1 ? 0.5 : Math.max(1 / units, 0.05);
}

/** Probability that every expert keeps a live host; exact or sampled as `recoveryProbabilities` says. */
export function survivalUnder(hosts: readonly (readonly (readonly number[])[])[], units: FailureUnits, seed: number): number {
  return survivalProbability(recoveryUnder(hosts, units, seed), units.probability).probability;
}

/** The same for every number of failed units. */
export function recoveryUnder(
  hosts: readonly (readonly (readonly number[])[])[],
  units: FailureUnits,
  seed: number,
): RecoveryProbabilities {
  const unitSets = hosts.flat().map((set) => [...new Set(set.map((node) => units.unitOfNode[node]!))].sort((a, b) => a - b));
  return recoveryProbabilities(unitSets, units.count, { seed });
}
