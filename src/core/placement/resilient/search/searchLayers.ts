/** Host sets of single layers, after all layers have been designed together. */

import { BalanceTable } from "../design/balanceTable.ts";
import { Design } from "../design/design.ts";
import { makeDesignLayer } from "../design/designLayer.ts";
import { survivalObjective } from "../design/objective.ts";
import { sumsOverSets } from "../design/subsets.ts";
import { SurvivalTable } from "../design/survivalTable.ts";
import { type Annealing, anneal } from "./anneal.ts";
import type { Cell, CellHosts } from "./cell.ts";

/** Temperatures between which a layer freezes: differences in the logarithm of what is lost, or in tokens above limits. */
export const LAYER_TEMPERATURES = { hottest: 0.03, coldest: 0.003 };
/** How often the gap between the balance that a layer reaches and its limit is halved. */
const BISECTIONS = 6;

/**
 * Improves host sets layer by layer; survival is counted over all layers together. A layer beyond its limit is brought within it, or
 * as near as can be; without limits every layer is brought nearer to perfect balance.
 * @param hosts of all layers as bit masks, shape [layers][experts]
 */
export function searchLayers(cell: Cell, hosts: CellHosts, search: Annealing): CellHosts {
  const survival = new SurvivalTable(cell.unitOfNode, cell.failureProbabilities, cell.minHosts);
  const limited = cell.balanceLimit < Number.POSITIVE_INFINITY;
  const tables = makeTables(cell, limited ? cell.balanceLimit : 1);
  const designs = cell.layers.map((layer, l) => {
    const sets = hosts[l]!.slice();
    const table = tables[l]!;
    const layers = [makeDesignLayer(layer.loads, Int32Array.from(sets.keys()), sets, table)];
    return { table, design: new Design({ hosts: sets, slots: cell.slots, layers, objective: survivalObjective, survival }) };
  });
  return designs.map(({ design, table }) => {
    design.recount();
    if (limited) approachLimit(design, table, search);
    else anneal(design, { ...search, keepSurvival: true });
    return design.hostsByExpert(0);
  });
}

/** Brings a design of one layer within the limit of its table, or else as near to it as bisection finds. */
function approachLimit(design: Design, table: BalanceTable, search: Annealing): void {
  const { hosts } = design;
  const { tokens } = design.layers[0]!;
  if (table.cost === 0) return;
  anneal(design, search);
  let low = table.limit;
  let high = table.busiest(hosts, tokens);
  let nearest = design.snapshot();
  for (let step = 0; step < BISECTIONS && high > low; step++) {
    const middle = (low + high) / 2;
    table.setLimit(middle, hosts, tokens);
    design.recount();
    anneal(design, search);
    if (table.cost > 0) low = middle;
    const reached = table.busiest(hosts, tokens);
    if (reached < high) {
      high = reached;
      nearest = design.snapshot();
    }
    design.restore(nearest);
  }
}

/** Tables of a limit on the busiest GPU's tokens over the mean, shape [layers]. */
export function makeTables(cell: Cell, balanceLimit: number): BalanceTable[] {
  const gpus = sumsOverSets(cell.gpus);
  const nodes = sumsOverSets(cell.nodesEach);
  return cell.layers.map(({ loads, meanPerGpu, ownLimit = 0 }) => {
    const tokens = loads.reduce((sum, load) => sum + load, 0);
    // A cell may have got more tokens than its fair share of the limit.
    return new BalanceTable(gpus, nodes, tokens, Math.max(Math.max(balanceLimit, ownLimit) * meanPerGpu, tokens / gpus.at(-1)!));
  });
}
