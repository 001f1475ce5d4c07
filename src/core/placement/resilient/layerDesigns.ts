/** Host sets of a layer's own, where the design that all layers share does not serve it well. */
import type { RandomSource } from "../../random.ts";
import { type Annealing, anneal } from "./anneal.ts";
import { BalanceTable } from "./balanceTable.ts";
import type { Cell, CellHosts } from "./cell.ts";
import { Design, makeDesignLayer } from "./design.ts";
import { survivalObjective } from "./objective.ts";
import { COLDEST, HOTTEST } from "./sharedDesign.ts";
import { sumsOverSets } from "./subsets.ts";
import { SurvivalTable } from "./survivalTable.ts";

/** How often the gap between the balance that a layer reaches and its limit is halved. */
const BISECTIONS = 6;

/**
 * Improves host sets layer by layer; survival is counted over all layers together.
 *
 * A layer beyond its balance limit is changed freely until it keeps the limit, or comes as near to it as it can. Where there are no
 * limits, every layer is brought nearer to perfect balance by changes that cost no survival.
 * @param moves to try in each layer
 * @returns host sets of the same shape
 */
export function searchLayerDesigns(
  cell: Cell,
  hosts: CellHosts,
  moves: number,
  random: RandomSource,
  shouldStop: () => boolean,
): CellHosts {
  const survival = new SurvivalTable(cell.unitOfNode, cell.failureProbability, cell.minHosts);
  const gpus = sumsOverSets(cell.gpus);
  for (const sets of hosts) for (const set of sets) survival.add(set);
  const search: Annealing = { minHosts: cell.minHosts, moves, hottest: HOTTEST, coldest: COLDEST, random, shouldStop };
  return cell.layers.map(({ loads, balanceLimit }, l) => {
    const sets = hosts[l]!.slice();
    for (const set of sets) survival.remove(set);
    const limit = cell.limitBalance ? balanceLimit : 1;
    const table = new BalanceTable(
      gpus,
      loads.reduce((sum, load) => sum + load, 0),
      limit,
    );
    const layers = [makeDesignLayer(loads, Int32Array.from(sets.keys()), sets, table)];
    const design = new Design({ hosts: sets, slots: cell.slots, layers, objective: survivalObjective, survival });
    if (cell.limitBalance) approachLimit(design, table, limit, search);
    else anneal(design, { ...search, keepSurvival: true });
    return byExpert(design);
  });
}

/** Brings a design of one layer within a balance limit, or else as near to it as bisection finds. */
function approachLimit(design: Design, table: BalanceTable, limit: number, search: Annealing): void {
  const { hosts } = design;
  const { tokens } = design.layers[0]!;
  if (table.cost === 0) return;
  anneal(design, search);
  let low = limit;
  let high = table.balance(hosts, tokens);
  let nearest = design.snapshot();
  for (let step = 0; step < BISECTIONS && high > limit; step++) {
    const middle = (low + high) / 2;
    table.setLimit(middle, hosts, tokens);
    design.recount();
    anneal(design, search);
    if (table.cost > 0) low = middle;
    if (table.balance(hosts, tokens) < high) {
      high = table.balance(hosts, tokens);
      nearest = design.snapshot();
    }
    design.restore(nearest);
  }
}

/** Host sets of a design of one layer in the order of the experts. */
function byExpert({ hosts, layers }: Design): Int32Array {
  const sets = new Int32Array(hosts.length);
  layers[0]!.expert.forEach((expert, position) => {
    sets[expert] = hosts[position]!;
  });
  return sets;
}
