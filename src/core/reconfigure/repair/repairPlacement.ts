/**
 * What survived of a placement, repaired where it is, on ranks:
 *
 * 1. Experts that lost hosts get others, where the loss of a job becomes less likely so.
 * 2. Slots left free go to the experts with most tokens a copy.
 * 3. Layers beyond the balance limit are levelled, with as few replicas moved as the search finds.
 */
import { randomSource } from "../../algorithms/random.ts";
import { allHostSets, fewestHosts, type LayerLoads, type Placement } from "../../layout/placement.ts";
import type { MadePlacement } from "../../placement/makePlacement.ts";
import { expectedFailures, keepsBalanceLimit, type Policy, sharesOf, usualBalanceSlack } from "../../placement/policy.ts";
import { rankSlots } from "../../placement/resilient/ranks/rankSlots.ts";
import { failureUnits, unitSets } from "../../recovery/failureUnits.ts";
import type { Survivors } from "../survivors.ts";
import { type Arrival, addHosts } from "./addHosts.ts";
import { fillSlots } from "./fillSlots.ts";
import { HostSetTable } from "./hostSetTable.ts";
import { houseAll } from "./houseAll.ts";
import { levelLayer } from "./levelLayer.ts";
import { rankBalance } from "./rankBalance.ts";
import { type LayerSetting, RepairedLayer } from "./repairedLayer.ts";

/** A placement that changes its nodes, or its loads. */
export interface RepairProblem {
  readonly old: Placement;
  /** The old placement before any of its GPUs failed: surviving as much is good enough. */
  readonly whole?: Placement;
  readonly survivors: Survivors;
  /** Loads to place by, of the survivors' layers. */
  readonly loads: readonly LayerLoads[];
  readonly policy: Policy;
}

/** A repaired placement. */
export interface Repair {
  readonly placement: MadePlacement;
  /** Layers beyond the balance limit, and beyond what the old placement had there. */
  readonly worse: number;
}

/** Sums in another order differ by rounding. */
const ROUNDING = 1 + 1e-9;
/** Sweeps of sharing out. */
const SWEEPS = 20;
/** Part of the slack that levelling leaves for the rounding of its shares. */
const MARGIN = 0.02;

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
 * @param order where replicas have to change one by one: what hosts an expert may be left with on the way
 * @returns the experts that got hosts, in order
 */
export function repairLayers(
  problem: RepairProblem,
  { layers, setting }: OpenRepair,
  { singly = false, mayLeave }: { readonly singly?: boolean; readonly mayLeave?: (set: number) => boolean } = {},
): Arrival[] {
  const { old, policy } = problem;
  const { sets, shares } = setting;
  const hosts = { ...setting, enough: lostBefore(problem), layers, mayLeave, watch: policy.watch };
  const arrivals = addHosts(hosts);
  const housed = houseAll(hosts);
  if (housed.length > 0) arrivals.push(...housed, ...addHosts(hosts));
  const slack = policy.balanceSlack ?? usualBalanceSlack(policy);
  const random = randomSource(policy.seed);
  layers.forEach((layer, l) => {
    policy.watch?.();
    layer.shareOut();
    arrivals.push(...fillSlots(layer, l, setting));
    layer.table.settleAll(SWEEPS);
    // Even shares are exact; free ones are found to a tolerance.
    const before = shares === "even" ? rankBalance(old.cluster, old.layers[l]!, shares) : 1;
    levelLayer(layer, {
      ...setting,
      limit: Math.max(before, 1 + slack * (1 - MARGIN)),
      random,
      mayLeave: (set) => sets.covers(set) && (mayLeave?.(set) ?? true),
      singly,
    });
  });
  return arrivals;
}

/** What survived, repaired. */
export function repairPlacement(problem: RepairProblem): Repair {
  const { old, survivors, policy } = problem;
  const { cluster } = survivors;
  const shares = sharesOf(policy);
  const repair = openRepair(problem);
  repairLayers(problem, repair);
  const slack = policy.balanceSlack ?? usualBalanceSlack(policy);
  let worse = 0;
  let within = true;
  const placed = repair.layers.map((layer, l) => {
    const result = layer.placement();
    if (layer.table.busiest <= (1 + slack) * layer.table.mean) return result;
    const balance = rankBalance(cluster, result, shares);
    if (keepsBalanceLimit(balance, slack)) return result;
    within = false;
    const before = rankBalance(old.cluster, old.layers[l]!, shares);
    if (!keepsBalanceLimit(balance, Math.max(slack, before - 1))) worse++;
    return result;
  });
  return {
    placement: {
      cluster,
      layers: placed,
      keptMinReplicas: Math.min(policy.minReplicas, ...placed.map(fewestHosts)),
      withinBalanceLimit: within,
      withinStepBudget: true,
    },
    worse,
  };
}

/** Loss of the old placement, as the table of sets counts it. */
function lostBefore({ old, whole = old, policy }: RepairProblem): number {
  const units = failureUnits(whole.cluster, expectedFailures(policy));
  const sets = new HostSetTable(units.count, units.probability);
  for (const set of unitSets(allHostSets(whole).flat(), units)) sets.use(sets.id(set));
  return sets.lost * ROUNDING;
}
