/** Host sets to choose from. */
import { hostSets, type LayerPlacement } from "../../placement.ts";
import { SEARCHED_NODES } from "./divideCluster.ts";
import { type LayerHosts, type PlacementSearch, placeInCells } from "./placeInCells.ts";
import type { ResilientProblem } from "./problem.ts";
import { spreadHosts } from "./startingHosts.ts";

/** Host sets of all layers. */
export interface Candidate {
  readonly hosts: LayerHosts;
  /** Whether nothing better is to be expected if balance is within the limit. */
  readonly settles?: boolean;
}

/** Growth of the number of cells from one division of a large cluster to the next, where smaller cells may shorten the step. */
const MORE_CELLS = 1.4;

/**
 * Host sets in the order in which they are worth trying, at least one: those given, those of whole cells on larger clusters,
 * those of searched cells.
 * @param startFrom placements; those that leave an expert below the minimum are passed over
 */
export function* candidates(
  problem: ResilientProblem,
  search: PlacementSearch,
  startFrom: readonly (readonly LayerPlacement[])[],
): Generator<Candidate> {
  const { cluster, layers } = problem;
  for (const start of startFrom) {
    const hosts = start.map(hostSets);
    if (hosts.flat().every((set) => set.length >= search.minReplicas)) yield { hosts };
  }
  let found = false;
  if (cluster.length > SEARCHED_NODES) {
    for (const { hosts, cells } of wholeCells(problem, search)) {
      found = true;
      // Cells larger than those that can be searched leave nothing to find.
      yield { hosts, settles: search.goal === undefined && cells * SEARCHED_NODES <= cluster.length };
    }
  }
  const searched = placeInCells("searched", problem, search);
  if (searched) yield searched;
  else if (!found) {
    const hosts = layers.map(({ loads }) => {
      const slots = cluster.map((node) => Math.min(node.slots, loads.length));
      return spreadHosts(loads.length, slots, search.minReplicas).map((set) => set.sort((a, b) => a - b));
    });
    yield { hosts };
  }
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
