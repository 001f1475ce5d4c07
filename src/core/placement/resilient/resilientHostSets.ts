/** Placement `resilient`: host sets chosen so that a job survives as many failures as it can at perfect balance. */
import { optimalBalance } from "../../balance/optimalBalance.ts";
import type { ClusterNode } from "../../cluster.ts";
import { hostSets, type LayerPlacement } from "../../placement.ts";
import { keptThreshold } from "../allocation.ts";
import { SEARCHED_NODES } from "./divideCluster.ts";
import { failureUnits, survivalUnder } from "./failureUnits.ts";
import { fillFreeSlots } from "./fillFreeSlots.ts";
import { type LayerHosts, type PlacementSearch, placeInCells } from "./placeInCells.ts";
import { MOVES, type ResilientOptions, type ResilientProblem } from "./problem.ts";
import { spreadHosts } from "./startingHosts.ts";

/** Host sets and what they are worth. */
export interface ResilientHostSets {
  /** Nodes of each expert, ascending, shape [layers][experts][hosts]. */
  readonly hosts: readonly (readonly (readonly number[])[])[];
  /** Nodes that every expert has: `minReplicas`, or fewer where the slots do not hold that many. */
  readonly minReplicas: number;
  /** Probability that every expert of every layer keeps a live host under the failure model. */
  readonly survival: number;
  /** Load of the busiest GPU over the mean when shares are free, worst layer, as far as host sets decide it. */
  readonly balance: number;
  /** Whether `balance` is within the limit. Where it is not, no better balance was found. */
  readonly withinBalanceLimit: boolean;
}

/**
 * Chooses host sets for all layers together.
 *
 * Every expert has `minReplicas` hosts at least and no node more experts than slots. Within these bounds, the balance limit comes
 * first, then survival under the failure model; slots left then go to the experts with most tokens. Heuristic: simulated
 * annealing with exact evaluation on parts of the cluster of up to a dozen nodes.
 * @throws RangeError when a layer has more experts than the cluster has slots, or an option is out of range
 */
export function resilientHostSets(problem: ResilientProblem, options: ResilientOptions = {}): ResilientHostSets {
  const { cluster, layers } = problem;
  const { balanceSlack = 0.02, seed = 0 } = options;
  if (!(balanceSlack >= 0)) throw new RangeError(`balanceSlack must not be negative, got ${balanceSlack}`);
  if (cluster.length === 0 || layers.length === 0) throw new RangeError("a placement needs nodes and layers");
  const units = failureUnits(cluster, options.failureModel ?? { unit: "node" });
  const minReplicas = Math.min(...layers.map(({ loads }) => keptMinReplicas(cluster, loads.length, problem.minReplicas)));
  const search = {
    units,
    minReplicas,
    balanceSlack,
    moves: MOVES[options.effort ?? "normal"],
    seed,
    shouldStop: options.shouldStop ?? (() => false),
  };
  const slots = cluster.map((node) => node.slots);
  const gpus = cluster.map((node) => node.gpus);
  let best: ResilientHostSets | undefined;
  for (const { hosts, settles } of candidates(problem, search, options.startFrom ?? [])) {
    const filled = layers.map(({ loads }, l) => fillFreeSlots(hosts[l]!, loads, slots));
    const balance = Math.max(...layers.map(({ loads }, l) => balanceOfHosts(filled[l]!, loads, gpus)));
    const survival = survivalUnder(filled, units, seed);
    const placed = { hosts: filled, minReplicas, survival, balance, withinBalanceLimit: balance <= 1 + balanceSlack };
    if (best === undefined || isBetter(placed, best)) best = placed;
    if (settles && best.withinBalanceLimit) break;
  }
  return best!;
}

/** Host sets to choose from. */
interface Candidate {
  readonly hosts: LayerHosts;
  /** Whether nothing better is to be expected if balance is within the limit. */
  readonly settles?: boolean;
}

/** Host sets to choose from, at least one. */
function* candidates(
  problem: ResilientProblem,
  search: PlacementSearch,
  startFrom: readonly (readonly LayerPlacement[])[],
): Generator<Candidate> {
  const { cluster, layers } = problem;
  for (const start of startFrom) {
    const hosts = start.map(hostSets);
    if (hosts.flat().every((set) => set.length >= search.minReplicas)) yield { hosts };
  }
  const whole = cluster.length > SEARCHED_NODES ? placeInCells("whole", problem, search) : undefined;
  // Cells larger than those that can be searched leave nothing to find.
  if (whole) yield { hosts: whole.hosts, settles: whole.cells * SEARCHED_NODES <= cluster.length };
  const searched = placeInCells("searched", problem, search);
  if (searched) yield { hosts: searched.hosts };
  if (whole || searched) return;
  const hosts = layers.map(({ loads }) => {
    const slots = cluster.map((node) => Math.min(node.slots, loads.length));
    return spreadHosts(loads.length, slots, search.minReplicas).map((set) => set.sort((a, b) => a - b));
  });
  yield { hosts };
}

function isBetter(placed: ResilientHostSets, other: ResilientHostSets): boolean {
  if (placed.withinBalanceLimit !== other.withinBalanceLimit) return placed.withinBalanceLimit;
  return placed.withinBalanceLimit ? placed.survival > other.survival : placed.balance < other.balance;
}

/** Load of the busiest GPU over the mean when shares are free: nodes share evenly among their GPUs, but a host has an expert on one. */
function balanceOfHosts(hosts: readonly (readonly number[])[], loads: readonly number[], gpus: readonly number[]): number {
  const { maxOverMean } = optimalBalance(hosts, loads, gpus);
  const mean = loads.reduce((sum, load) => sum + load, 0) / gpus.reduce((sum, count) => sum + count, 0);
  return loads.reduce(
    (worst, load, expert) => (load === 0 ? worst : Math.max(worst, load / hosts[expert]!.length / mean)),
    maxOverMean,
  );
}

/** Hosts that every expert of a layer can have: the threshold asked for, or less where the slots do not hold it. */
function keptMinReplicas(cluster: readonly ClusterNode[], experts: number, minReplicas: number): number {
  // A node's slots beyond the number of experts cannot add hosts.
  const usable = cluster.reduce((sum, node) => sum + Math.min(node.slots, experts), 0);
  return keptThreshold(experts, usable, minReplicas);
}
