/** One design of host sets for all layers of a cell, so that they die together. */
import type { RandomSource } from "../../random.ts";
import { anneal } from "./anneal.ts";
import { BalanceTable } from "./balanceTable.ts";
import type { Cell, CellHosts } from "./cell.ts";
import { Design, makeDesignLayer } from "./design.ts";
import { survivalObjective } from "./objective.ts";
import { groupedHosts, spreadHosts } from "./startingHosts.ts";
import { countMembers, maskOf, sumsOverSets } from "./subsets.ts";
import { SurvivalTable } from "./survivalTable.ts";

/** Temperatures between which designs freeze: differences in the logarithm of what is lost, or in penalties. */
export const HOTTEST = 0.03;
const HOTTEST_FREE = 0.3;
export const COLDEST = 0.003;
/** Short runs, of which the best goes on at lower temperatures. */
const FIRST_RUNS = 4;
const FIRST_RUNS_SHARE = 0.6;

/**
 * Host sets of all layers from one design; the layers differ in which expert takes which set.
 * @param moves to try
 */
export function searchSharedDesign(cell: Cell, moves: number, random: RandomSource, shouldStop: () => boolean): CellHosts {
  const { minHosts } = cell;
  const hosts = toMasks(spreadHosts(cell.positions, cell.slots, minHosts));
  const groups = groupedHosts(cell.positions, cell.slots, minHosts);
  const gpus = sumsOverSets(cell.gpus);
  const layers = cell.limitBalance
    ? cell.layers.map(({ loads, balanceLimit }) => {
        const table = new BalanceTable(gpus, sumOf(loads), balanceLimit);
        return makeDesignLayer(loads, moreTokensMoreHosts(loads, hosts), hosts, table);
      })
    : [];
  const survival = new SurvivalTable(cell.unitOfNode, cell.failureProbability, minHosts);
  const design = new Design({ hosts, slots: cell.slots, layers, objective: survivalObjective, survival });

  const search = { minHosts, coldest: COLDEST, random, shouldStop };
  const start = design.snapshot();
  let best = start;
  let leastViolation = Infinity;
  let leastBadness = Infinity;
  for (let run = 0; run < FIRST_RUNS; run++) {
    // Every other run starts from groups: they are hard to reach from anywhere else.
    design.restore(run % 2 === 1 && groups ? { ...start, hosts: toMasks(groups) } : start);
    const hottest = cell.limitBalance ? HOTTEST : HOTTEST_FREE;
    anneal(design, { ...search, moves: Math.ceil((moves * FIRST_RUNS_SHARE) / FIRST_RUNS), hottest });
    const { violation, badness } = design;
    if (violation > leastViolation || (violation === leastViolation && badness >= leastBadness)) continue;
    best = design.snapshot();
    leastViolation = violation;
    leastBadness = badness;
  }
  design.restore(best);
  anneal(design, { ...search, moves: Math.ceil(moves * (1 - FIRST_RUNS_SHARE)), hottest: HOTTEST / 2 });

  return cell.layers.map(({ loads }, l) => {
    const expert = design.layers[l]?.expert ?? moreTokensMoreHosts(loads, hosts);
    const sets = new Int32Array(loads.length);
    expert.forEach((e, position) => {
      if (e < loads.length) sets[e] = hosts[position]!;
    });
    return sets;
  });
}

function sumOf(loads: readonly number[]): number {
  return loads.reduce((sum, load) => sum + load, 0);
}

function toMasks(hosts: readonly (readonly number[])[]): Int32Array {
  return Int32Array.from(hosts, maskOf);
}

/** Expert for each position: the more tokens, the more hosts. Positions beyond the experts count as experts without tokens. */
function moreTokensMoreHosts(loads: readonly number[], hosts: Int32Array): Int32Array {
  const positions = Array.from(hosts.keys());
  const size = (position: number) => countMembers(hosts[position]!);
  const experts = positions.toSorted((a, b) => (loads[a] ?? 0) - (loads[b] ?? 0) || b - a);
  const expert = new Int32Array(hosts.length);
  positions
    .toSorted((a, b) => size(a) - size(b) || a - b)
    .forEach((position, rank) => {
      expert[position] = experts[rank]!;
    });
  return expert;
}
