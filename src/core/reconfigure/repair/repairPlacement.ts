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
import { addHosts } from "./addHosts.ts";
import { fillSlots } from "./fillSlots.ts";
import { HostSetTable } from "./hostSetTable.ts";
import { levelLayer } from "./levelLayer.ts";
import { rankBalance } from "./rankBalance.ts";
import { type LayerSetting, RepairedLayer } from "./repairedLayer.ts";

/** A placement that changes its nodes, or its loads. */
export interface RepairProblem {
  readonly old: Placement;
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
/** Part of the slack that levelling leaves for the rounding of its shares. */
const MARGIN = 0.02;

export function repairPlacement(problem: RepairProblem): Repair {
  const { old, survivors, loads, policy } = problem;
  const { cluster } = survivors;
  const shares = sharesOf(policy);
  const units = failureUnits(cluster, expectedFailures(policy));
  const sets = new HostSetTable(units.count, units.probability);
  const slots = rankSlots(cluster);
  const setting: LayerSetting = {
    slots,
    nodeOfSlot: slots.rankOfSlot.map((rank) => slots.nodeOfRank[rank]!),
    shares,
    unitOfNode: units.unitOfNode,
    sets,
  };
  const layers = loads.map((layer, l) => new RepairedLayer(layer, survivors.layers[l]!.nodes, survivors.holders[l]!, setting));
  addHosts({ enough: lostBefore(problem), layers, slots, unitOfNode: units.unitOfNode, sets, watch: policy.watch });
  const slack = policy.balanceSlack ?? usualBalanceSlack(policy);
  const random = randomSource(policy.seed);
  let worse = 0;
  let within = true;
  const placed = layers.map((layer, l) => {
    policy.watch?.();
    const { table } = layer;
    for (let expert = 0; expert < table.copies.length; expert++) if (table.copies[expert]!.length > 0) table.lay(expert);
    table.settleAll(20);
    fillSlots(layer, l, setting);
    table.settleAll(20);
    const level = (limit: number) =>
      levelLayer(layer, { ...setting, limit, random, mayLeave: (set) => sets.covers(set), singly: false });
    const most = 1 + slack;
    // Even shares are exact; free ones are found to a tolerance.
    const before = shares === "even" ? rankBalance(old.cluster, old.layers[l]!, shares) : 1;
    level(Math.max(before, 1 + slack * (1 - MARGIN)));
    const result = layer.placement();
    if (table.busiest > most * table.mean) {
      const balance = rankBalance(cluster, result, shares);
      if (!keepsBalanceLimit(balance, slack)) {
        within = false;
        if (!keepsBalanceLimit(balance, Math.max(slack, rankBalance(old.cluster, old.layers[l]!, shares) - 1))) worse++;
      }
    }
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
function lostBefore({ old, policy }: RepairProblem): number {
  const units = failureUnits(old.cluster, expectedFailures(policy));
  const sets = new HostSetTable(units.count, units.probability);
  for (const set of unitSets(allHostSets(old).flat(), units)) sets.use(sets.id(set));
  return sets.lost * ROUNDING;
}
