/**
 * How much redundancy: the fewest slots on every GPU with which a policy reaches a goal.
 *
 * Bounds say how few could do at all. From there counts are tried in strides that double, then halved between the last that failed
 * and the first that reached the goal; counts left out below are tried, too, while they are few, for a search may fail with more
 * slots than it needs.
 */

import type { ClusterNode } from "../layout/cluster.ts";
import { totalGpus } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { LayerLoads } from "../layout/placement.ts";
import { type Assessment, assess, resilienceOf } from "./assess.ts";
import { checkPolicy } from "./checkPolicy.ts";
import { onGrownCluster } from "./growth.ts";
import { type MadePlacement, makePlacement } from "./makePlacement.ts";
import type { Policy } from "./policy.ts";
import { checkReachable, mayReach, type RedundancyGoal, reaches } from "./redundancyGoal.ts";
import { checkPlacementSize, checkSearch } from "./sizeLimits.ts";

/** What a policy makes of so many slots. */
export interface TriedSlots {
  readonly slotsPerGpu: number;
  readonly made: MadePlacement;
  readonly assessment: Assessment;
  /** Whether the goal is reached, within the policy's limits. */
  readonly reaches: boolean;
}

/** How sure it is that no fewer slots do. `tried` and `some-untried` are about what the policy finds, `proven` about all placements. */
export const FEWEST = ["proven", "tried", "some-untried"] as const;

/** The fewest slots and how they were found. */
export interface FewestSlots {
  readonly chosen: TriedSlots;
  /** All that was tried, fewest slots first, one less and one more than chosen among them; no more slots ever reach less. */
  readonly tried: readonly TriedSlots[];
  /** Slots of a GPU below which no placement whatsoever reaches the goal. */
  readonly atLeast: number;
  readonly fewest: (typeof FEWEST)[number];
  /** The policy, with as many replicas as the goal takes. */
  readonly policy: Policy;
}

/** Counts tried below what was found because the strides left them out. */
const LEFT_OUT = 6;

/**
 * The fewest slots with which a policy reaches a goal; GPUs have equally many.
 * @param nodes of which the slots do not matter
 * @param layers all of as many experts
 * @param trying is told each count before it is tried
 * @throws Infeasible when no number of slots reaches the goal, or the policy finds no plan that does
 */
export function fewestSlots(
  nodes: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  asked: Policy,
  goal: RedundancyGoal,
  trying: (slotsPerGpu: number) => void = () => {},
): FewestSlots {
  checkPolicy(asked);
  checkPlacementSize(nodes, layers.length);
  if (asked.placement === "resilient") checkSearch(nodes, layers.length);
  checkReachable(goal, nodes, asked);
  const policy = { ...asked, minReplicas: Math.max(asked.minReplicas, (goal.survive ?? 0) + 1) };
  const clusterOf = (slotsPerGpu: number) => nodes.map((node) => ({ ...node, slots: slotsPerGpu * node.gpus }));
  const most = mostSlots(nodes, layers, policy);
  const atLeast = firstThat(0, most, (count) => mayReach(goal, clusterOf(count), layers, policy));
  const tried = new Map<number, TriedSlots | undefined>();
  const tries = (slotsPerGpu: number): boolean => {
    if (!tried.has(slotsPerGpu)) {
      trying(slotsPerGpu);
      tried.set(slotsPerGpu, attempt(slotsPerGpu));
    }
    return tried.get(slotsPerGpu)?.reaches === true;
  };

  let failed = atLeast - 1;
  let found = atLeast;
  for (let stride = 1; !tries(found); stride *= 2) {
    if (found === most) throw unreached(most, policy);
    failed = found;
    found = Math.min(most, found + stride);
  }
  found = firstThat(failed, found, tries);
  let left = LEFT_OUT;
  for (let count = found - 1; count >= atLeast; count--) {
    if (!tried.has(count) && left-- === 0) break;
    if (tries(count)) found = count;
  }
  let isTried = true;
  for (let count = atLeast; count < found; count++) isTried &&= tried.has(count);
  // What one slot less or more would be worth.
  if (found > fewestToHold(nodes, layers)) tries(found - 1);
  if (found < most) tries(found + 1);
  const rows = monotone([...tried.values()].filter((row) => row !== undefined).sort((a, b) => a.slotsPerGpu - b.slotsPerGpu));
  const fewest = found === atLeast ? "proven" : isTried ? "tried" : "some-untried";
  return { chosen: rows.find((row) => row.reaches)!, tried: rows, atLeast, fewest, policy };

  /** Nothing where the policy cannot place. */
  function attempt(slotsPerGpu: number): TriedSlots | undefined {
    try {
      const made = makePlacement(clusterOf(slotsPerGpu), layers, policy);
      const assessment = assess(made, policy);
      return { slotsPerGpu, made, assessment, reaches: reaches(goal, made, assessment, policy) };
    } catch (error) {
      if (error instanceof Infeasible) return undefined;
      throw error;
    }
  }

  /** A plan that reaches the goal does so with more slots, too, left free where a search did worse. */
  function monotone(rows: readonly TriedSlots[]): TriedSlots[] {
    const held: TriedSlots[] = [];
    for (const row of rows) {
      const last = held.at(-1);
      const survivalOf = ({ assessment }: TriedSlots) => resilienceOf(assessment, policy).survival.probability;
      if (!last?.reaches || (row.reaches && survivalOf(row) >= survivalOf(last))) held.push(row);
      else {
        const made = onGrownCluster(last.made, clusterOf(row.slotsPerGpu));
        held.push({ ...last, slotsPerGpu: row.slotsPerGpu, made, assessment: assess(made, policy) });
      }
    }
    return held;
  }
}

/** The first count above `fails` for which something holds that holds for `holds`, if it holds from some count on. */
function firstThat(fails: number, holds: number, test: (count: number) => boolean): number {
  let [low, high] = [fails, holds];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Slots of a GPU with which every expert has one. */
function fewestToHold(nodes: readonly ClusterNode[], layers: readonly LayerLoads[]): number {
  return Math.ceil(mostExperts(layers) / totalGpus(nodes));
}

function mostExperts(layers: readonly LayerLoads[]): number {
  return layers.reduce((most, { loads }) => Math.max(most, loads.length), 0);
}

/**
 * Slots of a GPU with which every node (where GPUs fail one by one, every GPU) can hold every expert, and the hottest can be on as
 * many GPUs as their load takes.
 */
function mostSlots(nodes: readonly ClusterNode[], layers: readonly LayerLoads[], { failureUnit }: Policy): number {
  const experts = mostExperts(layers);
  if (failureUnit === "gpu") return experts;
  const fewestGpus = nodes.reduce((least, { gpus }) => Math.min(least, gpus), Number.POSITIVE_INFINITY);
  return Math.min(experts, Math.ceil(experts / fewestGpus) + Math.ceil(experts / totalGpus(nodes)) + 1);
}

function unreached(most: number, { placement, failureUnit }: Policy): Infeasible {
  const otherwise = placement === "resilient" ? "allow more imbalance or a longer step" : "try placement resilient";
  return new Infeasible(
    `${placement} found no plan that reaches it, with up to ${most} slots on every GPU, where all ${failureUnit === "gpu" ? "GPUs" : "nodes"} can hold all experts; ${otherwise}`,
  );
}
