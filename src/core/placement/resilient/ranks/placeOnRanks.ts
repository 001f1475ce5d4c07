/** A layer whose host sets are given: experts are dealt to the ranks of their hosts, and levelled. */
import { randomSource } from "../../../algorithms/random.ts";
import { addFurtherCopies } from "./addFurtherCopies.ts";
import { dealNode } from "./dealNode.ts";
import { levelRanks } from "./levelRanks.ts";
import type { RankSlots } from "./rankSlots.ts";
import { RankTable, type Shares } from "./rankTable.ts";

/** Sweeps of sharing out after experts are dealt. */
const SWEEPS = 20;

/**
 * Deals the experts of a layer to ranks. Experts may take each other's host sets.
 * @param hosts nodes of each expert, ascending, shape [experts][hosts]; no node has more experts than slots
 * @param loads tokens of each expert, shape [experts]
 * @param limit on the busiest rank over the mean, at which levelling ends
 */
export function placeOnRanks(
  hosts: readonly (readonly number[])[],
  loads: readonly number[],
  slots: RankSlots,
  {
    shares,
    limit,
    steps,
    seed,
  }: { readonly shares: Shares; readonly limit: number; readonly steps: number; readonly seed: number },
): RankTable {
  const table = new RankTable(slots, loads, shares);
  const held: number[][] = Array.from({ length: slots.firstRank.length - 1 }, () => []);
  const byLoad = Array.from(loads.keys()).sort((a, b) => loads[b]! / hosts[b]!.length - loads[a]! / hosts[a]!.length || a - b);
  for (const expert of byLoad) for (const node of hosts[expert]!) held[node]!.push(expert);
  held.forEach((experts, node) => {
    dealNode(table, node, experts, node);
  });
  for (let expert = 0; expert < loads.length; expert++) table.lay(expert);
  table.settleAll(SWEEPS);
  addFurtherCopies(table, shares);
  table.settleAll(SWEEPS);
  levelRanks(table, { limit, steps, random: randomSource(seed) });
  return table;
}
