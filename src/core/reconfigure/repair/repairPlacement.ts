/**
 * What survived of a placement, repaired where it is, on ranks:
 *
 * 1. Experts that lost hosts get others, where the loss of a job becomes less likely so.
 * 2. Slots left free go to the experts with most tokens a copy.
 * 3. Layers beyond the balance limit are levelled, with as few replicas moved as the search finds.
 */
import { randomSource } from "../../algorithms/random.ts";
import { allHostSets, FREE_SLOT, fewestHosts, type LayerLoads, type Placement } from "../../layout/placement.ts";
import type { MadePlacement } from "../../placement/makePlacement.ts";
import { expectedFailures, keepsBalanceLimit, type Policy, sharesOf, usualBalanceSlack } from "../../placement/policy.ts";
import { rankSlots } from "../../placement/resilient/ranks/rankSlots.ts";
import { failureUnits, unitSets } from "../../recovery/failureUnits.ts";
import type { Survivors } from "../survivors.ts";
import { addHosts } from "./addHosts.ts";
import { fillSlots } from "./fillSlots.ts";
import { HostSetTable } from "./hostSetTable.ts";
import { houseAll } from "./houseAll.ts";
import { levelLayer } from "./levelLayer.ts";
import { rankBalance } from "./rankBalance.ts";
import { type LayerSetting, RepairedLayer } from "./repairedLayer.ts";
import type { Arrival } from "./trial.ts";

/** A placement that changes its nodes, or its loads. */
export interface RepairProblem {
  readonly old: Placement;
  /** The old placement before any of its GPUs failed: surviving as much is good enough. */
  readonly whole?: Placement;
  readonly survivors: Survivors;
  /** Loads to place by, of the survivors' layers. */
  readonly loads: readonly LayerLoads[];
  readonly policy: Policy;
  /** Whether experts come into free slots only: what others hold is theirs, and evenness is not spent on survival. */
  readonly isModest?: boolean;
}

/** Sums in another order differ by rounding. */
const ROUNDING = 1 + 1e-9;
/** Loss that is not worth moving anything for. */
const NEGLIGIBLE = 1e-3;
/** Sweeps of sharing out. */
const SWEEPS = 20;
/** Part of the slack that levelling leaves for the rounding of its shares. */
const MARGIN = 0.02;

/** Moves per replica that is gone or slot that is free, and part of all replicas that newer loads may move. */
const MOVES_PER_CHANGE = 3;
const MOVES_OF_ALL = 0.05;

/** Layers under repair, and what they share. */
export interface OpenRepair {
  readonly layers: readonly RepairedLayer[];
  readonly setting: LayerSetting;
}

/** The layers as the live nodes hold them. */
export function openRepair({ survivors, loads, policy }: RepairProblem): OpenRepair {
  const { cluster } = survivors;
  const units = failureUnits(cluster, expectedFailures(policy));
  const slots = rankSlots(cluster);
  const setting: LayerSetting = {
    slots,
    nodeOfSlot: slots.rankOfSlot.map((rank) => slots.nodeOfRank[rank]!),
    shares: sharesOf(policy),
    unitOfNode: units.unitOfNode,
    sets: new HostSetTable(units.count, units.probability),
  };
  const layers = loads.map((layer, l) => new RepairedLayer(layer, survivors.layers[l]!.nodes, survivors.holders[l]!, setting));
  return { layers, setting };
}

/**
 * Repairs layers in place.
 * @param order where replicas have to change one by one; one of the sets to keep, if there are such, stays inside those of every expert;
 *   whether a loss may become likelier until other replicas have followed
 * @returns the experts that got hosts, in order
 */
export function repairLayers(
  problem: RepairProblem,
  { layers, setting }: OpenRepair,
  {
    singly = false,
    keep,
    steadily = false,
    housesFirst = false,
  }: {
    readonly singly?: boolean;
    readonly keep?: HostSetTable;
    readonly steadily?: boolean;
    readonly housesFirst?: boolean;
  } = {},
): Arrival[] {
  const { old, whole = old, policy } = problem;
  const { sets, shares } = setting;
  const budget = singly ? Infinity : mostMoves(problem);
  const hosts = {
    ...setting,
    enough: problem.isModest === true ? Infinity : Math.max(lostBefore(problem), NEGLIGIBLE),
    layers,
    budget: budget - freeSlots(layers),
    ...(steadily && { ceiling: sets.lost * ROUNDING }),
    ...(keep && { mayLeave: staysInside(sets, keep) }),
    watch: policy.watch,
  };
  // Whoever stops early shall have handed over first what nobody else has.
  const arrivals = housesFirst ? houseAll(hosts) : [];
  arrivals.push(...addHosts(hosts));
  const housed = houseAll(hosts);
  if (housed.length > 0) arrivals.push(...housed, ...addHosts({ ...hosts, budget: hosts.budget - movedIn(layers) }));
  const slack = policy.balanceSlack ?? usualBalanceSlack(policy);
  const random = randomSource(policy.seed);
  const isCovered = sets.coverTest();
  const isKept = keep?.coverTest();
  const uneven = layers.map((layer, l) => {
    layer.leaveSets();
    layer.shareOut();
    arrivals.push(...fillSlots(layer, l, setting));
    layer.table.settleAll(SWEEPS);
    // Even shares are exact; free ones are found to a tolerance.
    const before = shares === "even" ? rankBalance(whole.cluster, whole.layers[l]!, shares) : 1;
    const limit = Math.max(before, 1 + slack * (1 - MARGIN));
    return { layer, limit, over: layer.table.busiest / (limit * layer.table.mean) };
  });
  // What the easier layers leave of the budget goes to the harder ones.
  uneven.sort((a, b) => a.over - b.over);
  uneven.forEach(({ layer, limit }, at) => {
    policy.watch?.();
    levelLayer(layer, {
      ...setting,
      limit,
      budget: Math.max(0, Math.floor((budget - movedIn(layers)) / (layers.length - at))),
      random,
      mayLeave: (units) => isCovered(units) && (isKept?.(units) ?? true),
      singly,
    });
  });
  return arrivals;
}

/** Replicas sent at most: so many times what the change took away or has room for, or part of all where loads are newer. */
function mostMoves({ old, whole = old, survivors, loads }: RepairProblem): number {
  const [before, now] = [whole, survivors].map(({ layers }) =>
    layers.reduce(
      (sum, { nodes }) => sum + nodes.reduce((all, slots) => all + slots.filter((e) => e !== FREE_SLOT).length, 0),
      0,
    ),
  );
  const room = survivors.layers.reduce((sum, { nodes }) => sum + nodes.flat().length, 0) - now!;
  const changed = Math.max(0, before! - now!) + room;
  const areNewer = loads.some((layer, l) => layer.loads !== survivors.layers[l]!.loads);
  return Math.max(MOVES_PER_CHANGE * changed, areNewer || changed === 0 ? MOVES_OF_ALL * now! : 0);
}

function movedIn(layers: readonly RepairedLayer[]): number {
  return layers.reduce((sum, { moved }) => sum + moved, 0);
}

function freeSlots(layers: readonly RepairedLayer[]): number {
  return layers.reduce((sum, { table }) => sum + table.expertAt.filter((expert) => expert === FREE_SLOT).length, 0);
}

/** Whether a set of one table has one of another's inside. */
export function staysInside(sets: HostSetTable, keep: HostSetTable): (set: number) => boolean {
  const known = new Map<number, boolean>();
  return (set) => {
    const found = known.get(set) ?? keep.covers(keep.id(sets.members(set)));
    known.set(set, found);
    return found;
  };
}

/** What survived, repaired. */
export function repairPlacement(problem: RepairProblem): MadePlacement {
  const { survivors, policy } = problem;
  const { cluster } = survivors;
  const shares = sharesOf(policy);
  const repair = openRepair(problem);
  repairLayers(problem, repair);
  const slack = policy.balanceSlack ?? usualBalanceSlack(policy);
  const layers = repair.layers.map((layer) => layer.placement());
  return {
    cluster,
    layers,
    keptMinReplicas: Math.min(policy.minReplicas, ...layers.map(fewestHosts)),
    withinBalanceLimit: repair.layers.every(
      ({ table }, l) =>
        table.busiest <= (1 + slack) * table.mean || keepsBalanceLimit(rankBalance(cluster, layers[l]!, shares), slack),
    ),
    withinStepBudget: true,
  };
}

/** Loss of the old placement, as the table of sets counts it. */
function lostBefore({ old, whole = old, policy }: RepairProblem): number {
  const units = failureUnits(whole.cluster, expectedFailures(policy));
  const sets = new HostSetTable(units.count, units.probability);
  for (const set of unitSets(allHostSets(whole).flat(), units)) sets.use(sets.id(set));
  return sets.lost * ROUNDING;
}
