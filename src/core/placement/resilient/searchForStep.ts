/** Host sets for a goal that counts the time of a training step. */
import { type Annealing, anneal } from "./anneal.ts";
import type { Cell, CellHosts } from "./cell.ts";
import { Design } from "./design.ts";
import { makeDesignLayer } from "./designLayer.ts";
import { budgetObjective, type StepSeconds, stepObjective, worthObjective } from "./objective.ts";
import { frugalStarts, hostsOfExperts, makeSharedDesign, searchSharedDesign } from "./sharedDesign.ts";
import type { StepGoal } from "./stepGoal.ts";
import { StepTable } from "./stepTable.ts";
import { sumsOverSets } from "./subsets.ts";
import { SurvivalTable } from "./survivalTable.ts";
import { SyncTable } from "./syncTable.ts";

/** Last temperature of the shared design, in the unit of the objectives' energy, as a share of the first. */
const SHARED_COOLING = 0.01;
/** First and last temperature of the layers. */
const LAYER_TEMPERATURES = { hottest: 0.1, coldest: 0.01 };
/** First temperature of later attempts, which go on from the attempt before, as a share of the first. */
const LATER_HOTTEST = 0.5;
/** Moves in each layer for every move in the shared design. */
const LAYER_MOVES = 0.3;
/** Rounds through the layers, each colder than the one before. */
const LAYER_ROUNDS = 4;
/** Attempts at a budget: the shared design gets what the layers saved in the attempt before. */
const ATTEMPTS = 5;
/** Part of a budget that the search goes for: its estimate of traffic may be a little low. */
const BUDGET_AIM = 0.998;

/** Moves, first temperature, randomness and when to stop. */
type Search = Pick<Annealing, "moves" | "hottest" | "random" | "shouldStop">;

/**
 * Searches a design that all layers share; then every layer gets host sets of its own: within a budget they save step time as
 * far as the job gets no likelier to be lost, otherwise they weigh both as the goal does.
 */
export function searchForStep(cell: Cell, goal: StepGoal, search: Search): CellHosts {
  const seconds = stepSeconds(cell, goal);
  const budget = "budget" in goal ? goal.budget * BUDGET_AIM : undefined;
  const shared = makeSharedDesign(cell, makeTables(cell, goal, Number.POSITIVE_INFINITY), {
    objective: "budget" in goal ? budgetObjective(seconds, goal.budget * BUDGET_AIM) : worthObjective(seconds, goal.worth),
    survival: new SurvivalTable(cell.unitOfNode, cell.failureProbabilities, cell.minHosts),
    sync: new SyncTable(cell.slots.length, cell.layers.length),
  });
  const attempts = budget === undefined ? 1 : ATTEMPTS;
  const sharedSearch = {
    ...search,
    coldest: search.hottest * SHARED_COOLING,
    minHosts: cell.minHosts,
    moves: search.moves / attempts,
  };
  const layersSearch = { ...search, moves: (search.moves * LAYER_MOVES) / attempts };
  searchSharedDesign(shared, frugalStarts(cell), sharedSearch);
  let best = improveLayers(cell, goal, hostsOfExperts(shared, cell), layersSearch);
  if (budget === undefined) return best.hosts;

  let latest = best;
  let sharedBudget = budget;
  for (let attempt = 1; attempt < attempts; attempt++) {
    sharedBudget *= budget / latest.seconds;
    shared.pursue(budgetObjective(seconds, sharedBudget));
    anneal(shared, { ...sharedSearch, hottest: search.hottest * LATER_HOTTEST });
    latest = improveLayers(cell, goal, hostsOfExperts(shared, cell), layersSearch);
    const excess = broken(latest, budget) - broken(best, budget);
    if (excess < 0 || (excess === 0 && latest.lost < best.lost)) best = latest;
  }
  return best.hosts;
}

/** Host sets with what they lose and how long a step takes with them. */
interface MeasuredHosts {
  readonly hosts: CellHosts;
  readonly lost: number;
  readonly seconds: number;
  /** Seconds that stand for broken balance limits; not part of the step. */
  readonly fines: number;
}

/** By how much host sets break limits. */
function broken({ seconds, fines }: MeasuredHosts, budget: number): number {
  return fines + Math.max(0, seconds - budget);
}

/** Gives every layer host sets of its own. */
function improveLayers(
  cell: Cell,
  goal: StepGoal,
  hosts: CellHosts,
  { moves, random, shouldStop }: Omit<Search, "hottest">,
): MeasuredHosts {
  const seconds = stepSeconds(cell, goal);
  const objective = "budget" in goal ? stepObjective(seconds) : worthObjective(seconds, goal.worth);
  const survival = new SurvivalTable(cell.unitOfNode, cell.failureProbabilities, cell.minHosts);
  const sync = new SyncTable(cell.slots.length, 1);
  const tables = makeTables(cell, goal, cell.balanceLimit);
  const designs = cell.layers.map(({ loads }, l) => {
    const sets = hosts[l]!.slice();
    const layers = [makeDesignLayer(loads, Int32Array.from(sets.keys()), sets, tables[l]!)];
    return new Design({ hosts: sets, slots: cell.slots, layers, objective, survival, sync });
  });
  const cost = () => sum(tables.map((table) => table.cost));
  for (let round = 0; round < LAYER_ROUNDS; round++) {
    const hottest =
      LAYER_TEMPERATURES.hottest * (LAYER_TEMPERATURES.coldest / LAYER_TEMPERATURES.hottest) ** (round / LAYER_ROUNDS);
    designs.forEach((design, l) => {
      design.setCostElsewhere(cost() - tables[l]!.cost);
      anneal(design, {
        moves: moves / LAYER_ROUNDS,
        hottest,
        coldest: LAYER_TEMPERATURES.coldest,
        minHosts: cell.minHosts,
        keepSurvival: "budget" in goal,
        random,
        shouldStop,
      });
    });
  }
  const fines = sum(tables.map((table) => table.fine));
  return {
    hosts: designs.map((design) => design.hostsByExpert(0)),
    lost: survival.lost,
    seconds: seconds(cost() - fines, sync.busiest),
    fines,
  };
}

/** Seconds of a step from the layers' cost and synchronisation. */
function stepSeconds({ layers }: Cell, { costs }: StepGoal): StepSeconds {
  const fixed = costs.base + layers.length * costs.perCompute;
  return (cost, sync) => fixed + cost + costs.perSync * sync;
}

function makeTables({ gpus, layers, clusterGpus }: Cell, { costs }: StepGoal, limit: number): StepTable[] {
  const perGpu = sumsOverSets(gpus).map((count) => 1 / count);
  return layers.map(
    ({ loads, meanPerGpu }) => new StepTable({ costs, perGpu, mean: meanPerGpu, tokens: sum(loads), ranks: clusterGpus, limit }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
