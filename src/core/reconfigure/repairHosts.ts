/** Host sets near to what survived: the least that has to change before training can go on as it went before. */

import { randomSource } from "../algorithms/random.ts";
import { hostSets, type LayerLoads, type Placement } from "../layout/placement.ts";
import { clusterCell } from "../placement/resilient/clusterCell.ts";
import { MOST_SEARCHED_NODES } from "../placement/resilient/divideCluster.ts";
import { fillFreeSlots } from "../placement/resilient/fillFreeSlots.ts";
import { LAYER_TEMPERATURES, searchLayers } from "../placement/resilient/searchLayers.ts";
import { maskOf, membersOf } from "../placement/resilient/subsets.ts";
import type { FailureUnits } from "../recovery/failureUnits.ts";
import { evenHosts } from "./evenHosts.ts";
import type { Survivors } from "./survivors.ts";

/** What to repair, and what the outcome has to keep. */
export interface RepairProblem {
  readonly old: Placement;
  readonly survivors: Survivors;
  /** Old node whose part each live node plays, -1 for none, shape [live nodes]. */
  readonly parts: readonly number[];
  /** Loads to place by, of the survivors' layers. */
  readonly loads: readonly LayerLoads[];
  /** Hosts that every expert must have at least. */
  readonly minReplicas: number;
  /** Most tokens per GPU that any node may have to compute, over the mean. */
  readonly balanceLimit: number;
  /** Most tokens of one expert that each of its hosts may have to compute, over the mean per GPU. */
  readonly shareLimit: number;
  /** What fails independently. */
  readonly units: FailureUnits;
  readonly seed: number;
  /** Is called before each layer. */
  readonly watch?: (() => void) | undefined;
}

/** Moves to try in a layer that exchanges do not even. */
const MOVES = 4000;

/**
 * Host sets of all layers for a placement without copies on one node. What nodes held whose parts are played stays, but for this:
 *
 * 1. Experts with too few hosts get more, in free slots or in those of experts with most hosts.
 * 2. Free slots go to the experts with most tokens.
 * 3. Where a node is too busy, hot experts exchange their host sets with cold ones.
 * 4. On small clusters, layers in which that does not suffice are searched for other host sets that survive the same failures.
 *
 * Heuristic: that no other host sets within the limits are nearer is not proven.
 * @returns nodes of each expert, ascending, shape [layers][experts][hosts]; undefined when it finds none within the limits
 */
export function repairHosts(problem: RepairProblem): number[][][] | undefined {
  const { old, survivors, parts, loads, minReplicas } = problem;
  const { cluster } = survivors;
  const slots = cluster.map((node) => node.slots);
  const gpus = cluster.map((node) => node.gpus);
  const repaired: number[][][] = [];
  let areEven = true;
  for (const [l, { loads: tokens }] of loads.entries()) {
    problem.watch?.();
    const { nodes } = old.layers[l]!;
    const hosts = hostSets({ ...survivors.layers[l]!, nodes: parts.map((part) => nodes[part] ?? []) });
    if (!raiseToMinimum(hosts, slots, minReplicas)) return undefined;
    const filled = fillFreeSlots(hosts, tokens, slots);
    const even = evenHosts(filled, { ...problem, loads: tokens, gpus, held: survivors.holders[l]! });
    areEven &&= even !== undefined;
    repaired.push(even ?? filled);
  }
  if (areEven) return repaired;
  return cluster.length <= MOST_SEARCHED_NODES ? searchedHosts(problem, repaired) : undefined;
}

/** Host sets of which those of layers beyond the balance limit are searched anew, as near to it as the search comes. */
function searchedHosts(
  { survivors: { cluster }, loads, minReplicas, balanceLimit, units, seed, watch }: RepairProblem,
  hosts: readonly (readonly (readonly number[])[])[],
): number[][][] {
  const nodes = cluster.map((_, node) => [node]);
  const cell = clusterCell({ cluster, layers: loads }, nodes, units, { minHosts: minReplicas, balanceLimit });
  const shouldStop = () => {
    watch?.();
    return false;
  };
  const masks = hosts.map((sets) => Int32Array.from(sets, maskOf));
  return searchLayers(cell, masks, {
    ...LAYER_TEMPERATURES,
    moves: MOVES,
    minHosts: minReplicas,
    random: randomSource(seed),
    keepSurvival: true,
    enough: 1,
    shouldStop,
  }).map((sets) => Array.from(sets, membersOf));
}

/** Gives hosts to experts that have too few of them, fewest first; false when there is no room. */
function raiseToMinimum(hosts: number[][], slots: readonly number[], minReplicas: number): boolean {
  const free = [...slots];
  for (const set of hosts) for (const node of set) free[node]!--;
  const poor = [...hosts.keys()].filter((expert) => hosts[expert]!.length < minReplicas);
  for (const expert of poor.sort((a, b) => hosts[a]!.length - hosts[b]!.length || a - b)) {
    const set = hosts[expert]!;
    while (set.length < minReplicas) {
      const absent = slots.flatMap((_, node) => (set.includes(node) ? [] : [node]));
      const roomy = absent.reduce((best, node) => (free[node]! > (best < 0 ? 0 : free[best]!) ? node : best), -1);
      if (roomy >= 0) {
        free[roomy]!--;
        set.push(roomy);
        continue;
      }
      const rich = hosts.reduce(
        (best, other, e) =>
          other.length > (best < 0 ? minReplicas : hosts[best]!.length) && other.some((node) => !set.includes(node)) ? e : best,
        -1,
      );
      if (rich < 0) return false;
      const giving = hosts[rich]!.find((node) => !set.includes(node))!;
      hosts[rich]!.splice(hosts[rich]!.indexOf(giving), 1);
      set.push(giving);
    }
    set.sort((a, b) => a - b);
  }
  return true;
}
