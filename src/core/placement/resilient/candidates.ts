/** Host sets to choose from. */
import { hostSets, type LayerPlacement } from "../../layout/placement.ts";
import { EFFORTS } from "../policy.ts";
import { MOST_SEARCHED_NODES, SEARCHED_NODES } from "./divideCluster.ts";
import { placeInBlocks } from "./placeInBlocks.ts";
import { type LayerHosts, type PlacementSearch, placeInCells } from "./placeInCells.ts";
import { type ResilientProblem, STEP_SEARCHES } from "./problem.ts";
import { rankExperts } from "./rankExperts.ts";
import { spreadHosts } from "./startingHosts.ts";

/** Host sets of all layers. */
export interface Candidate {
  readonly hosts: LayerHosts;
  /** Whether nothing better is to be expected if balance is within the limit. */
  readonly settles?: boolean;
}

/** Nodes up to which it is worth while to search large cells, too. */
const MOST_NODES_IN_LARGE_CELLS = 3 * MOST_SEARCHED_NODES;
/** Nodes, or blocks of nodes, of a large group. */
const LARGE_GROUP = 3;
/** Growth of the number of cells from one division of a large cluster to the next, where smaller cells may shorten the step. */
const MORE_CELLS = 1.4;

/**
 * Host sets in the order in which they are worth trying, at least one: those given, those of whole cells on larger clusters,
 * those that searches find.
 * @param startFrom placements; those that leave an expert below the minimum are passed over
 */
export function* candidates(
  problem: ResilientProblem,
  search: PlacementSearch,
  startFrom: readonly (readonly LayerPlacement[])[],
): Generator<Candidate> {
  for (const start of startFrom) {
    const hosts = start.map(hostSets);
    if (hosts.flat().every((set) => set.length >= search.minReplicas)) yield { hosts };
  }
  if (search.goal === undefined) {
    yield* found(problem, search);
    return;
  }
  const ranked = rankExperts(problem);
  for (const { hosts } of found(ranked.problem, search)) yield { hosts: ranked.unranked(hosts) };
}

/** Candidates that start from nothing, at least one. */
function* found(problem: ResilientProblem, search: PlacementSearch): Generator<Candidate> {
  const { cluster, layers } = problem;
  let any = false;
  if (cluster.length > SEARCHED_NODES) {
    for (const { hosts, cells } of wholeCells(problem, search)) {
      any = true;
      // Cells larger than those that can be searched leave nothing to find, unless blocks form even larger groups.
      const areLarge = cells * SEARCHED_NODES <= cluster.length && (cells <= groupsOf(problem) || !formsLargeGroups(problem));
      yield { hosts, settles: search.goal === undefined && areLarge };
    }
  }
  for (const hosts of searchedHosts(problem, search)) {
    any = true;
    yield { hosts };
  }
  if (!any) {
    const hosts = layers.map(({ loads }) => {
      const slots = cluster.map((node) => Math.min(node.slots, loads.length));
      return spreadHosts(loads.length, slots, search.minReplicas).map((set) => set.sort((a, b) => a - b));
    });
    yield { hosts };
  }
}

/** What searches find: in cells of a dozen nodes; on larger clusters also in a dozen blocks of nodes, and in fewer and larger cells. */
function* searchedHosts(problem: ResilientProblem, search: PlacementSearch): Generator<LayerHosts> {
  if (search.goal !== undefined) {
    yield* searchedForStep(problem, search);
    return;
  }
  const nodes = problem.cluster.length;
  const inCells = placeInCells("searched", problem, search);
  if (inCells) yield inCells.hosts;
  if (nodes <= SEARCHED_NODES || !formsLargeGroups(problem)) return;
  const inBlocks = placeInBlocks(problem, search, SEARCHED_NODES);
  if (inBlocks) yield inBlocks;
  const isDividedLess = Math.ceil(nodes / MOST_SEARCHED_NODES) < Math.ceil(nodes / SEARCHED_NODES);
  if (!isDividedLess || nodes > MOST_NODES_IN_LARGE_CELLS || search.effort === "fast") return;
  const inLargeCells = placeInCells("large", problem, search);
  if (inLargeCells) yield inLargeCells.hosts;
}

/** What the effort finds and every lesser one, so that more effort is never worse. */
function* searchedForStep(problem: ResilientProblem, search: PlacementSearch): Generator<LayerHosts> {
  for (const effort of EFFORTS.slice(0, EFFORTS.indexOf(search.effort) + 1)) {
    const inCells = placeInCells("searched", problem, { ...search, ...STEP_SEARCHES[effort] });
    if (inCells) yield inCells.hosts;
  }
}

/** Whether a dozen nodes, or blocks of nodes, form groups large enough that it matters how they are formed. */
function formsLargeGroups(problem: ResilientProblem): boolean {
  return groupsOf(problem) * LARGE_GROUP <= SEARCHED_NODES;
}

/** The fewest groups of nodes, each of which hosts all experts of its group, that host all experts. */
function groupsOf({ cluster, layers }: ResilientProblem): number {
  const experts = Math.max(...layers.map(({ loads }) => loads.length));
  return Math.ceil(experts / Math.min(...cluster.map((node) => node.slots)));
}

/** Placements in whole cells: the fewest that do; where the step time counts, more and more of them. */
function* wholeCells(problem: ResilientProblem, search: PlacementSearch): Generator<{ hosts: LayerHosts; cells: number }> {
  const most = search.goal === undefined ? 1 : problem.cluster.length / search.minReplicas;
  for (let fewest = 1; fewest <= most; ) {
    const placed = placeInCells("whole", problem, search, fewest);
    if (placed === undefined) return;
    yield placed;
    fewest = Math.ceil(placed.cells * MORE_CELLS);
  }
}
