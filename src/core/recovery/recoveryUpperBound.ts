import { coveringBound, coveringBoundOf, type Demand, largestCapacities, least, wholeSets } from "./coveringBound.ts";
import { enoughSlots } from "./enoughSlots.ts";

/** Nodes up to which all layers bound all numbers of failed nodes. */
const ALL_TRIED = 256;
/** Parts of a large cluster whose failure is tried to tell which layers bound. */
const PARTS = 8;

/**
 * Upper bound on the recovery probability of every placement with the given replica counts.
 *
 * @param layers replicas of each expert, shape [layers][experts]; the layers fail together, so the least bound counts
 * @param slots slots of each node, shape [nodes]; they may differ
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 * @throws RangeError when a count is negative or not whole, or there is no layer, no expert or no node
 */
export function recoveryUpperBound(layers: readonly (readonly number[])[], slots: readonly number[]): number[] {
  if (layers.length === 0) throw new RangeError("an upper bound needs at least one layer");
  const capacity = largestCapacities(slots);
  for (const replicas of layers) {
    if (replicas.length === 0 || !replicas.every((count) => Number.isSafeInteger(count) && count >= 0)) {
      throw new RangeError(`replicas must be whole numbers of at least one expert, got [${replicas.join(", ")}]`);
    }
  }
  const demands = layers.map((replicas) => demandOf(replicas, capacity));
  const experts = Math.max(...layers.map((replicas) => replicas.length));
  return leastSomewhere(strictest(demands), capacity)
    .map((demand) => coveringBound(demand, capacity))
    .reduce(least, wholeSets(enoughSlots(experts, slots)));
}

function demandOf(replicas: readonly number[], capacity: readonly number[]): Demand {
  const ascending = [...replicas].sort((a, b) => a - b);
  const covered = capacity.filter((slots) => slots < replicas.length);
  return { experts: replicas.length, rarest: covered.map((slots) => ascending[slots]!) };
}

/** Demands that no other exceeds throughout: the bound only grows with the replicas and falls with the experts. */
function strictest(demands: readonly Demand[]): Demand[] {
  const kept: Demand[] = [];
  for (const demand of [...demands].sort((a, b) => b.experts - a.experts || total(a.rarest) - total(b.rarest))) {
    const exceeded = kept.some(({ rarest }) => demand.rarest.every((count, group) => count >= rarest[group]!));
    if (!exceeded) kept.push(demand);
  }
  return kept;
}

/**
 * On a large cluster, the demands that bound best for some of the numbers of failed nodes: all of them bound, and each costs nodes
 * squared. Between those numbers the bound may be looser, and it still holds.
 */
function leastSomewhere(demands: readonly Demand[], capacity: readonly number[]): readonly Demand[] {
  const nodes = capacity.length - 1;
  if (nodes <= ALL_TRIED || demands.length === 1) return demands;
  const bounds = demands.map((demand) => coveringBoundOf(demand, capacity));
  const tried = new Set<number>();
  for (let failed = 1; failed < nodes; failed *= 2) tried.add(failed);
  for (let part = 1; part < PARTS; part++) tried.add(Math.floor((part * nodes) / PARTS));
  const kept = new Set<number>();
  for (const failed of tried) {
    const values = bounds.map((boundOf) => boundOf(nodes - failed));
    const best = Math.min(...values);
    if (best < 1) kept.add(values.indexOf(best));
  }
  return kept.size === 0 ? demands.slice(0, 1) : demands.filter((_, i) => kept.has(i));
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
