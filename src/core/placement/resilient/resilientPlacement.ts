/**
 * Placement `resilient`: the slots of all layers, chosen so that a job survives as many failures as it can while no GPU is much
 * busier than the mean.
 *
 *     cells/    nodes in cells of several kinds and sizes, all layers in the same ones:        search/ and design/ of small
 *               mixtures, those that survive most first ------------+                           clusters: host sets by annealing
 *               (a dynamic program over nodes and experts)          |                                        |
 *                                                                   v                                        |
 *     layer by layer: experts into cells, evened out between cells; hot experts get further copies           |
 *                                                                   |                                        |
 *     ranks/    experts to the ranks of their hosts, levelled by moves that keep every host set  <-----------+
 *                                                                   |
 *               the first mixture in which all layers keep the balance limit
 *                                                                   v
 *     here      the best of these, and of plans of other policies: limit, then survival; `balanced` where it alone keeps the limit, or is more even and survives no less
 */
import type { FoundBalance } from "../../balance/planBalance.ts";
import { totalGpus, totalSlots } from "../../layout/cluster.ts";
import { countReplicas, hostSets, type LayerLoads, type LayerPlacement } from "../../layout/placement.ts";
import { failureUnits, survivalUnder } from "../../recovery/failureUnits.ts";
import { keptMinReplicas } from "../allocation.ts";
import { BALANCE_SLACK, BALANCE_TOLERANCE, type Effort, keepsBalanceLimit, POLICY_DEFAULTS, type Shares } from "../policy.ts";
import { cellKinds } from "./cells/cellKinds.ts";
import { findMixtures } from "./cells/mixtures.ts";
import { placeInMixtures } from "./cells/placeInMixtures.ts";
import { fromFewerSlots } from "./fromFewerSlots.ts";
import { balanceOf, balancesWithin, excessOf, isExact, MOST_RANKS } from "./gpuBalance.ts";
import { lesserSearches } from "./lesserSearches.ts";
import type { ResilientOptions, ResilientProblem } from "./problem.ts";
import { rankExperts } from "./rankExperts.ts";
import { placeOnRanks } from "./ranks/placeOnRanks.ts";
import { type RankSlots, rankSlots } from "./ranks/rankSlots.ts";
import { SEARCHED_NODES } from "./search/divideCluster.ts";
import { placeHosts } from "./search/placeHosts.ts";
import { type ResilientHostSets, resilientHostSets } from "./search/resilientHostSets.ts";

/** How to place. */
export interface PlacementOptions extends ResilientOptions {
  /** Who sets the shares of an expert's copies. */
  readonly shares?: Shares;
  /** Whether mixtures of cells are enough on more nodes than a search takes at once: on hundreds of GPUs it found nothing better. */
  readonly inCells?: boolean;
  /** A plan of the layers to take where none keeps the balance limit, if it does, or is more even and survives no less. */
  readonly lastResort?: (layers: readonly LayerLoads[]) => readonly LayerPlacement[];
}

/** Slots of all layers and what became of the wishes. */
export interface ResilientPlacement {
  readonly layers: readonly LayerPlacement[];
  /** Probability that every expert of every layer keeps a live host under the failure model. */
  readonly survival: number;
  /** Load of the busiest GPU over the mean, shape [layers]. */
  readonly balance: readonly number[];
  /** The same to the last digit, where it is. */
  readonly foundBalance?: FoundBalance;
  readonly withinBalanceLimit: boolean;
  readonly withinStepBudget: boolean;
}

/** Elementary steps of levelling, for each layer in a mixture; fewer cost more, as layers then keep the limit in later mixtures only. */
const STEPS = { fast: 1_000_000, normal: 1_000_000, thorough: 4_000_000 } as const satisfies Record<Effort, number>;
/** Replicas of all layers up to which lesser searches are made as well; on larger clusters cells and levelling keep the laws. */
const MOST_REPLICAS_AGAIN = 2000;
/** Nodes of a cell at most: more of them fail together hardly ever. */
const MOST_CELL_NODES = 12;
/** Where less is lost, no search for survival has anything to win. */
const CERTAIN = 1e-15;
/** Sums in different order differ by less. */
const ROUNDING = 1e-9;

/**
 * Places all layers.
 * @throws RangeError when a layer has more experts than the cluster has slots, or an option is out of range
 */
export function resilientPlacement(problem: ResilientProblem, options: PlacementOptions = {}): ResilientPlacement {
  const { cluster, layers } = problem;
  const { balanceSlack = BALANCE_SLACK, goal, shares = POLICY_DEFAULTS.shares } = options;
  if (goal !== undefined) {
    const found = resilientHostSets(problem, options);
    const placed = layers.map((layer, l) => placeHosts(cluster, layer, found.hosts[l]!));
    const balance = placed.map((layer) => balanceOf(problem, layer, shares));
    return {
      ...found,
      layers: placed,
      balance,
      withinBalanceLimit: balance.every((own) => keepsBalanceLimit(own, balanceSlack)),
    };
  }
  if (!(balanceSlack >= 0)) throw new RangeError(`balanceSlack must not be negative, got ${balanceSlack}`);
  const ranked = rankExperts(problem);
  const limit = 1 + balanceSlack;
  const units = failureUnits(cluster, options.failureModel ?? { unit: "node" });
  let best: ResilientPlacement | undefined;
  const rankedOptions = { ...options, startFrom: options.startFrom?.map((start) => ranked.ranked(start)) ?? [] };
  const judged = (plan: readonly LayerPlacement[]): ResilientPlacement | undefined => {
    const excessToBeat = best === undefined ? Number.POSITIVE_INFINITY : excessOf(best.balance, limit) + BALANCE_TOLERANCE;
    const balance = balancesWithin(problem, plan, shares, limit, excessToBeat);
    if (balance === undefined) return undefined;
    const placed = ranked.unrankedLayers(plan);
    return {
      layers: placed,
      balance,
      survival: survivalUnder(placed.map(hostSets), units, options.seed ?? 0),
      withinBalanceLimit: balance.every((own) => keepsBalanceLimit(own, balanceSlack)),
      withinStepBudget: true,
    };
  };
  const consider = (plan: readonly LayerPlacement[]): boolean => {
    const candidate = judged(plan);
    if (candidate !== undefined && (best === undefined || isBetter(candidate, best, limit))) best = candidate;
    return candidate?.withinBalanceLimit === true;
  };
  const { lastResort: _, ...searched } = { ...rankedOptions, startFrom: [] };
  let keepsLimit = true;
  for (const plan of found(ranked.problem, searched)) keepsLimit = consider(plan) && keepsLimit;
  if (totalSlots(cluster) * layers.length <= MOST_REPLICAS_AGAIN) {
    const { effort = POLICY_DEFAULTS.effort } = options;
    for (const lesser of lesserSearches({ effort, balanceSlack })) {
      for (const plan of searchedSets(ranked.problem, { ...searched, ...lesser })) consider(plan);
    }
    // Where a search had to be let go for its balance, fewer slots may have led it to less that does keep the limit.
    const placeFewer = (fewer: ResilientProblem) => resilientPlacement(fewer, { ...searched, effort: "fast" }).layers;
    if (!keepsLimit) for (const plan of fromFewerSlots(ranked.problem, placeFewer)) consider(plan);
  }
  const minReplicas = keptMinReplicas(cluster, layers, problem.minReplicas);
  for (const start of rankedOptions.startFrom) if (holdsAtLeast(start, minReplicas)) consider(start);
  if (!best!.withinBalanceLimit && options.lastResort !== undefined) {
    const plan = options.lastResort(ranked.problem.layers);
    const candidate = holdsAtLeast(plan, minReplicas) ? judged(plan) : undefined;
    // A limit that can be kept is kept; short of that, survival is not paid for evenness.
    const mayReplace = candidate !== undefined && (candidate.withinBalanceLimit || candidate.survival >= best!.survival);
    if (mayReplace && isBetter(candidate, best!, limit)) best = candidate;
  }
  const balance = ranked.inOrder(best!.balance);
  if (!isExact(problem, shares)) return { ...best!, balance };
  return { ...best!, balance, foundBalance: new Map(best!.layers.map((layer, l) => [layer, balance[l]!])) };
}

/** First what breaks the limit, then survival. */
function isBetter(one: ResilientPlacement, other: ResilientPlacement, limit: number): boolean {
  const [excess, otherExcess] = [excessOf(one.balance, limit), excessOf(other.balance, limit)];
  if (Math.abs(excess - otherExcess) > BALANCE_TOLERANCE) return excess < otherExcess;
  return one.survival > other.survival;
}

function holdsAtLeast(plan: readonly LayerPlacement[], nodes: number): boolean {
  return plan.flatMap(hostSets).every((set) => set.length >= nodes);
}

/** Plans that are searched for, at least one. */
function* found(problem: ResilientProblem, options: PlacementOptions): Generator<LayerPlacement[]> {
  const { cluster, layers } = problem;
  const units = failureUnits(cluster, options.failureModel ?? { unit: "node" });
  const minReplicas = keptMinReplicas(cluster, layers, problem.minReplicas);
  const search = levelling(problem, options);
  const { slots } = search;
  const experts = Math.max(...layers.map(({ loads }) => loads.length));
  const nodesFail = units.count === cluster.length;
  const mixtures =
    nodesFail && totalGpus(cluster) <= MOST_RANKS
      ? findMixtures(
          cluster.map((node) => node.slots),
          experts,
          cellKinds(units.probability, minReplicas, Math.min(cluster.length, Math.max(MOST_CELL_NODES, minReplicas))),
        )
      : [];
  if (mixtures.length > 0) {
    const { tables } = placeInMixtures(
      mixtures,
      layers.map(({ loads }) => loads),
      { ...search, watch: () => options.shouldStop?.() },
    );
    yield layers.map((layer, l) => toPlacement(layer, tables[l]!.expertAt, slots));
  }
  if (mixtures.length > 0 && cluster.length > SEARCHED_NODES && (options.inCells || cluster.some(({ gpus }) => gpus > 1))) return;
  yield* searchedSets(problem, options);
}

/** Plans of the search for host sets, at least one. */
function* searchedSets(problem: ResilientProblem, options: PlacementOptions): Generator<LayerPlacement[]> {
  const { cluster, layers } = problem;
  const search = levelling(problem, options);
  const { slots } = search;
  // Levelling ranks costs too much on large clusters; what host sets make of them has to do.
  const onRanks = ({ hosts }: ResilientHostSets) =>
    layers.map((layer, l) =>
      totalGpus(cluster) > MOST_RANKS
        ? placeHosts(cluster, layer, hosts[l]!)
        : toPlacement(layer, placeOnRanks(hosts[l]!, layer.loads, slots, search).expertAt, slots),
    );
  const searched = resilientHostSets(problem, options);
  yield onRanks(searched);
  if (searched.withinBalanceLimit || 1 - searched.survival < CERTAIN) return;
  // Layers that cannot keep the limit keep what they have reached, and survival comes next.
  const ownLimits = searched.balances.map((own) => own * (1 + ROUNDING));
  yield onRanks(resilientHostSets(problem, { ...options, ownLimits }));
}

/** How ranks are levelled. */
function levelling({ cluster }: ResilientProblem, options: PlacementOptions) {
  const { effort = POLICY_DEFAULTS.effort, shares = POLICY_DEFAULTS.shares, seed = 0, balanceSlack = BALANCE_SLACK } = options;
  return { slots: rankSlots(cluster), shares, limit: 1 + balanceSlack, steps: STEPS[effort], seed };
}

/** A layer from the experts in all slots. */
function toPlacement(
  { layer, loads }: Pick<LayerPlacement, "layer" | "loads">,
  expertAt: Int32Array,
  { firstSlot, firstRank }: RankSlots,
): LayerPlacement {
  const nodes = Array.from({ length: firstRank.length - 1 }, (_, node) =>
    Array.from(expertAt.subarray(firstSlot[firstRank[node]!]!, firstSlot[firstRank[node + 1]!]!)),
  );
  return { layer, loads, replicas: countReplicas(loads.length, nodes), nodes };
}
