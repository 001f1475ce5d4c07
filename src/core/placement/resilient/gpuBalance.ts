/** How evenly the GPUs of a plan are loaded, as exactly as its size allows. */
import { optimalBalance } from "../../balance/optimalBalance.ts";
import { copiesByRank } from "../../balance/planBalance.ts";
import { evenRankBalance, freeRankBalance } from "../../balance/rankBalance.ts";
import { totalGpus } from "../../layout/cluster.ts";
import type { LayerPlacement } from "../../layout/placement.ts";
import type { Shares } from "../policy.ts";
import type { ResilientProblem } from "./problem.ts";

/** Ranks up to which cells are searched; beyond, host sets are found without looking at single ranks. */
export const MOST_RANKS = 4096;

/** Balances of all layers; undefined as soon as together they exceed the limit by more than is still of use. */
export function balancesWithin(
  problem: ResilientProblem,
  layers: readonly LayerPlacement[],
  shares: Shares,
  limit: number,
  mostExcess: number,
): number[] | undefined {
  const balances: number[] = [];
  for (const layer of layers) {
    balances.push(balanceOf(problem, layer, shares));
    if (excessOf(balances, limit) > mostExcess) return undefined;
  }
  return balances;
}

/** By how much the layers exceed the limit together. */
export function excessOf(balance: readonly number[], limit: number): number {
  return balance.reduce((sum, own) => sum + Math.max(0, own - limit), 0);
}

/** Whether the balance of free shares is found exactly: on thousands of ranks a maximum flow takes milliseconds where water-filling takes seconds. */
export function isExact({ cluster }: Pick<ResilientProblem, "cluster">, shares: Shares): boolean {
  return shares === "free" && totalGpus(cluster) > MOST_RANKS;
}

/** Load of the busiest GPU over the mean. */
export function balanceOf({ cluster }: ResilientProblem, layer: LayerPlacement, shares: Shares): number {
  const { loads } = layer;
  const copies = copiesByRank(cluster, layer);
  const ranks = totalGpus(cluster);
  if (shares === "even") return evenRankBalance(copies, loads, ranks);
  if (!isExact({ cluster }, shares)) return freeRankBalance(copies, loads, ranks).maxOverMean;
  const distinct = copies.map((list) => [...new Set(list)]);
  return optimalBalance(distinct, loads, new Array<number>(ranks).fill(1)).maxOverMean;
}
