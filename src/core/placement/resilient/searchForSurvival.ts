/** Host sets that survive the most failures, within balance limits where there are any. */
import { freeRecoveryUpperBound } from "../../recovery/freeRecoveryUpperBound.ts";
import { survivalProbability } from "../../recovery/survivalProbability.ts";
import { type Annealing, anneal } from "./anneal.ts";
import { BalanceTable } from "./balanceTable.ts";
import type { Cell, CellHosts, CellLayer } from "./cell.ts";
import { Design } from "./design.ts";
import { makeDesignLayer } from "./designLayer.ts";
import { survivalObjective } from "./objective.ts";
import { fullStarts, hostsOfExperts, makeSharedDesign, searchSharedDesign } from "./sharedDesign.ts";
import { sumsOverSets } from "./subsets.ts";
import { SurvivalTable } from "./survivalTable.ts";

/** Temperatures between which designs freeze: differences in the logarithm of what is lost, or in tokens above limits. */
const HOTTEST = 0.03;
const HOTTEST_WITHOUT_LIMITS = 0.3;
const COLDEST = 0.003;
/** Share of the moves that may go into the layers' own host sets. */
const LAYERS_SHARE = 0.2;
/** Divisions of slots to try for a bound: looser than users see, and quick. */
const BOUND_EFFORT = 20_000;
/** Sums of probabilities in different order differ by less. */
const ROUNDING = 1e-9;
/** How often the gap between the balance that a layer reaches and its limit is halved. */
const BISECTIONS = 6;

/**
 * Searches a design that all layers share; then layers beyond their balance limit get host sets of their own. Without limits,
 * every layer is brought nearer to perfect balance in the end, as far as survival stays the same.
 */
export function searchForSurvival(cell: Cell, search: Pick<Annealing, "moves" | "random" | "shouldStop">): CellHosts {
  const { minHosts } = cell;
  const gpus = sumsOverSets(cell.gpus);
  const limited = cell.balanceLimit < Number.POSITIVE_INFINITY;
  const tables = limited ? cell.layers.map((layer) => makeTable(layer, gpus, cell.balanceLimit)) : [];
  const shared = makeSharedDesign(cell, tables, {
    objective: survivalObjective,
    survival: new SurvivalTable(cell.unitOfNode, cell.failureProbability, minHosts),
  });
  const hottest = limited ? HOTTEST : HOTTEST_WITHOUT_LIMITS;
  const annealing = { ...search, minHosts, hottest, coldest: COLDEST };
  searchSharedDesign(shared, fullStarts(cell), {
    ...annealing,
    moves: search.moves * (1 - LAYERS_SHARE),
    enough: leastLost(cell) * (1 + ROUNDING),
  });
  // A move in one layer costs about as much as one in all layers divided by their number, and there is one search for each.
  return searchLayers(cell, hostsOfExperts(shared, cell), gpus, {
    ...annealing,
    hottest: HOTTEST,
    moves: search.moves * LAYERS_SHARE,
  });
}

/** A bound from below on the probability that the cell's job is lost; 0 where domains fail, for which there is none. */
function leastLost({ slots, positions, unitOfNode, failureProbability }: Cell): number {
  if (new Set(unitOfNode).size < unitOfNode.length) return 0;
  const bound = freeRecoveryUpperBound(positions, slots, BOUND_EFFORT);
  const failures = bound.map((probability, k) => ({ failed: k + 1, probability: 1 - probability }));
  const nothing = (1 - failureProbability) ** slots.length;
  return Math.max(0, survivalProbability({ failures }, failureProbability).probability - nothing);
}

/** Improves host sets layer by layer; survival is counted over all layers together. */
function searchLayers(cell: Cell, hosts: CellHosts, gpus: Float64Array, search: Annealing): CellHosts {
  const survival = new SurvivalTable(cell.unitOfNode, cell.failureProbability, cell.minHosts);
  const limited = cell.balanceLimit < Number.POSITIVE_INFINITY;
  const designs = cell.layers.map((layer, l) => {
    const sets = hosts[l]!.slice();
    const table = makeTable(layer, gpus, limited ? cell.balanceLimit : 1);
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

function makeTable({ loads, meanPerGpu }: CellLayer, gpus: Float64Array, balanceLimit: number): BalanceTable {
  const tokens = loads.reduce((sum, load) => sum + load, 0);
  // A cell may have got more tokens than its fair share of the limit.
  return new BalanceTable(gpus, tokens, Math.max(balanceLimit * meanPerGpu, tokens / gpus.at(-1)!));
}
