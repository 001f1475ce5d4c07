/** What fails as one (GPUs, nodes or failure domains), how likely, and which units hold each expert. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { type ClusterNode, firstRanks, totalGpus, withLiveGpus } from "../layout/cluster.ts";
import { allHostSets, type Placement, replicasByRank } from "../layout/placement.ts";
import type { RecoveryProbabilities } from "./outcomes.ts";
import { recoveryProbabilities } from "./recoveryProbabilities.ts";
import { survivalProbability } from "./survivalProbability.ts";

/** What fails as one: a GPU, a node, or a domain as a whole (a node without a domain by itself). */
export const FAILURE_UNITS = ["gpu", "node", "domain"] as const;
export type FailureUnit = (typeof FAILURE_UNITS)[number];

/** So many units as people read them: `one GPU`, `3 nodes`. */
export function countedUnits(count: number, unit: FailureUnit): string {
  return count === 1 ? `one ${unitName(unit)}` : `${count} ${unitName(unit)}s`;
}

/** A unit as people read it, in the singular. */
export function unitName(unit: FailureUnit): string {
  return unit === "gpu" ? "GPU" : unit;
}

/** The failures that a placement should survive. */
export interface FailureModel {
  readonly unit: FailureUnit;
  /** That a unit fails, independently of the others, above 0 and below 1; by default `defaultFailureProbability`. */
  readonly probability?: number;
}

/** Units of a cluster, numbers from 0. */
export interface ClusterUnits {
  /** Unit of each node, in [0, count), shape [nodes]. */
  readonly unitOfNode: readonly number[];
  readonly count: number;
}

/** Units of a cluster that fail independently. */
export interface FailureUnits extends ClusterUnits {
  /** That a unit fails. */
  readonly probability: number;
}

/** Units 0..count-1 that hold the experts of all layers together, each set ascending. */
export interface UnitHosts {
  readonly count: number;
  readonly hostSets: readonly (readonly number[])[];
}

/** How each kind of unit is numbered: nodes as in the cluster, domains in order of first appearance. */
const numbering: Record<FailureUnit, (cluster: readonly ClusterNode[]) => ClusterUnits> = {
  gpu: numberSingleGpus,
  node: numberNodes,
  domain: numberDomains,
};

/**
 * The units of a cluster, as far as a node is in one of them.
 * @throws RangeError for GPUs of nodes that have several: `hostsByUnit` tells them apart, `gpuCluster` makes nodes of them
 */
export function clusterUnits(cluster: readonly ClusterNode[], unit: FailureUnit): ClusterUnits {
  checkChoice("unit", unit ?? null, FAILURE_UNITS);
  return numbering[unit](cluster);
}

/**
 * The units of a cluster under a failure model.
 * @throws RangeError when the probability is not between 0 and 1
 */
export function failureUnits(cluster: readonly ClusterNode[], { unit, probability }: FailureModel): FailureUnits {
  const units = clusterUnits(cluster, unit);
  const p = probability ?? defaultFailureProbability(units.count);
  if (!(p > 0 && p < 1)) throw new RangeError(`the failure probability must lie between 0 and 1, got ${p}`);
  return { ...units, probability: p };
}

/**
 * Failure probability of a unit when nobody says otherwise: one failure among all units on average, one in twenty units on large
 * clusters, and one half for a single unit, whose certain failure would leave nothing to tell placements apart by.
 */
export function defaultFailureProbability(units: number): number {
  return Math.min(0.5, Math.max(1 / units, 0.05));
}

/**
 * The units that hold each expert, so that every figure of recovery can be had for any kind of unit: `k` failures are then
 * `k` failed units.
 * @param hostSets nodes of each expert, shape [experts][hosts]
 * @returns units, ascending, in the order of the host sets
 */
export function unitSets(hostSets: readonly (readonly number[])[], { unitOfNode }: Pick<ClusterUnits, "unitOfNode">): number[][] {
  return hostSets.map((set) => [...new Set(set.map((node) => unitOfNode[node]!))].sort((a, b) => a - b));
}

/**
 * The units of one kind with the experts of a placement on them. GPUs are numbered by their ranks, dead ones left out. An expert
 * that waits in the host memory of nodes is there as long as one of their GPUs is: a node without a GPU has failed.
 */
export function hostsByUnit(placement: Placement, unit: FailureUnit): UnitHosts {
  if (unit === "gpu") return hostsByGpu(placement);
  const units = clusterUnits(placement.cluster, unit);
  return { count: units.count, hostSets: unitSets(allHostSets(placement).flat(), units) };
}

function hostsByGpu({ cluster, layers, spilled = [] }: Placement): UnitHosts {
  const nodes = withLiveGpus(cluster);
  const first = firstRanks(nodes);
  const hostSets = layers.flatMap((layer) => {
    const sets = replicasByRank(nodes, layer).map((copies) => copies.map(([rank]) => rank));
    for (const { expert, nodes: keepers } of spilled.filter((kept) => kept.layer === layer.layer)) {
      sets[expert] = keepers.flatMap((n) => Array.from({ length: nodes[n]!.gpus }, (_, gpu) => first[n]! + gpu));
    }
    return sets;
  });
  return { count: totalGpus(nodes), hostSets };
}

/** GPUs whose failures one by one are looked at, at most: beyond, sampling them takes many times what a plan does. */
export const MOST_FAILING_GPUS = 4096;

/**
 * The kinds of units that a cluster has, from the smallest on: GPUs where a node has several (and they are no more than
 * `MOST_FAILING_GPUS`), domains where nodes share one.
 */
export function unitsOf(cluster: readonly ClusterNode[]): FailureUnit[] {
  const live = withLiveGpus(cluster);
  const exists: Record<FailureUnit, boolean> = {
    gpu: live.some(({ gpus }) => gpus > 1) && totalGpus(live) <= MOST_FAILING_GPUS,
    node: true,
    domain: sharesDomains(cluster),
  };
  return FAILURE_UNITS.filter((unit) => exists[unit]);
}

/** Whether any two nodes fail as one, so that failing domains differ from failing nodes. */
export function sharesDomains(cluster: readonly ClusterNode[]): boolean {
  return clusterUnits(cluster, "domain").count < cluster.length;
}

/**
 * Probability that every expert keeps a live host; exact or sampled as `recoveryProbabilities` says.
 * @param hosts nodes of each expert, ascending, shape [layers][experts][hosts]
 */
export function survivalUnder(hosts: readonly (readonly (readonly number[])[])[], units: FailureUnits, seed: number): number {
  return survivalProbability(recoveryUnder(hosts, units, seed), units.probability).probability;
}

/** The same for every number of failed units. */
export function recoveryUnder(
  hosts: readonly (readonly (readonly number[])[])[],
  units: FailureUnits,
  seed: number,
): RecoveryProbabilities {
  return recoveryProbabilities(unitSets(hosts.flat(), units), units.count, { seed });
}

function numberNodes(cluster: readonly ClusterNode[]): ClusterUnits {
  return { unitOfNode: cluster.map((_, node) => node), count: cluster.length };
}

function numberSingleGpus(cluster: readonly ClusterNode[]): ClusterUnits {
  if (withLiveGpus(cluster).some(({ gpus }) => gpus > 1)) throw new RangeError("GPUs of one node are units of their own");
  return numberNodes(cluster);
}

function numberDomains(cluster: readonly ClusterNode[]): ClusterUnits {
  const numbers = new Map<string, number>();
  let count = 0;
  const unitOfNode = cluster.map(({ domain }) => {
    if (domain === undefined) return count++;
    const known = numbers.get(domain);
    if (known !== undefined) return known;
    numbers.set(domain, count);
    return count++;
  });
  return { unitOfNode, count };
}
