/** Evens out the loads of cells by exchanging experts between them. */

import { tradeSlots } from "../ranks/moves.ts";
import type { RankTable } from "../ranks/rankTable.ts";
import type { Mixture } from "./mixtures.ts";

/** Exchanges at most, for each cell. */
const EXCHANGES = 12;
/** Gap between the loads per rank of the fullest and another cell, over the mean, that is worth an exchange. */
const WORTH = 2e-3;
/** Experts shared out anew after an exchange. */
const MOST_SETTLED = 96;

/**
 * Exchanges experts without further copies between the fullest and the emptiest cell, so that half the gap closes.
 * @param home cell of each expert, shape [experts]; kept up to date
 * @param hosts copies that an expert's host set has, by expert, shape [experts]
 */
export function evenOutCells(table: RankTable, { cells }: Mixture, home: Int32Array): void {
  const { firstRank } = table.slots;
  const ranks = cells.map(({ blocks }) =>
    blocks
      .flat()
      .flatMap((node) => Array.from({ length: firstRank[node + 1]! - firstRank[node]! }, (_, i) => firstRank[node]! + i)),
  );
  const hosts = cells.map(({ blocks }) => blocks.reduce((sum, block) => sum + block.length, 0));
  // Cells whose experts do not fit the gap; until something changes.
  let stuck = new Set<number>();
  for (let tries = EXCHANGES * cells.length; tries > 0; tries--) {
    const load = ranks.map((own) => own.reduce((sum, rank) => sum + table.rankLoad[rank]!, 0) / own.length);
    table.spent += table.rankLoad.length;
    let fullest = -1;
    let emptiest = 0;
    load.forEach((own, c) => {
      if (!stuck.has(c) && (fullest < 0 || own > load[fullest]!)) fullest = c;
      if (own < load[emptiest]!) emptiest = c;
    });
    if (fullest < 0 || load[fullest]! - load[emptiest]! < WORTH * table.mean) return;
    const perRank = 1 / ranks[fullest]!.length + 1 / ranks[emptiest]!.length;
    const wanted = (load[fullest]! - load[emptiest]!) / perRank;
    let first = -1;
    let second = -1;
    let nearest = wanted;
    for (let one = 0; one < home.length; one++) {
      if (home[one] !== fullest || table.copies[one]!.length > hosts[fullest]!) continue;
      // Fewer hosts could not compute it.
      if (table.loads[one]! > hosts[emptiest]! * table.mean) continue;
      for (let two = 0; two < home.length; two++) {
        if (home[two] !== emptiest || table.copies[two]!.length > hosts[emptiest]!) continue;
        const off = Math.abs(table.loads[one]! - table.loads[two]! - wanted);
        if (off < nearest) {
          nearest = off;
          first = one;
          second = two;
        }
      }
    }
    if (first < 0) {
      stuck.add(fullest);
      continue;
    }
    stuck = new Set();
    table.settle(tradeSlots(table, first, second, true), MOST_SETTLED);
    home[first] = emptiest;
    home[second] = fullest;
  }
}
