/** One design of host sets for all layers of a cell, so that they die together. */
import { type Annealing, anneal } from "./anneal.ts";
import type { Cell, CellHosts } from "./cell.ts";
import { Design, type DesignParts, makeDesignLayer } from "./design.ts";
import type { LayerTable } from "./layerTable.ts";
import { groupedHosts, spreadHosts } from "./startingHosts.ts";
import { countMembers, maskOf } from "./subsets.ts";

/** Short runs, of which the best goes on at lower temperatures. */
const FIRST_RUNS = 4;
const FIRST_RUNS_SHARE = 0.6;

/** What a shared design is measured by. */
type Measures = Pick<DesignParts, "objective" | "survival" | "sync">;

/**
 * A design for a cell, every position with its minimum of hosts and the other slots handed out in turns.
 * @param tables of all layers, or none where the layers' costs do not matter
 */
export function makeSharedDesign(cell: Cell, tables: readonly LayerTable[], measures: Measures): Design {
  const hosts = toMasks(spreadHosts(cell.positions, cell.slots, cell.minHosts));
  const layers = tables.map((table, l) => {
    const { loads } = cell.layers[l]!;
    return makeDesignLayer(loads, moreTokensMoreHosts(loads, hosts), hosts, table);
  });
  return new Design({ hosts, slots: cell.slots, layers, ...measures });
}

/** Searches a shared design in a few short runs, half of them from groups, and a long one from the best of them. */
export function searchSharedDesign(design: Design, cell: Cell, search: Annealing): void {
  const groups = groupedHosts(cell.positions, cell.slots, cell.minHosts);
  const start = design.snapshot();
  let best = start;
  let leastViolation = Number.POSITIVE_INFINITY;
  let leastBadness = Number.POSITIVE_INFINITY;
  for (let run = 0; run < FIRST_RUNS; run++) {
    // Groups are hard to reach from anywhere else.
    design.restore(run % 2 === 1 && groups ? { ...start, hosts: toMasks(groups) } : start);
    anneal(design, { ...search, moves: Math.ceil((search.moves * FIRST_RUNS_SHARE) / FIRST_RUNS) });
    const { violation, badness } = design;
    if (violation > leastViolation || (violation === leastViolation && badness >= leastBadness)) continue;
    best = design.snapshot();
    leastViolation = violation;
    leastBadness = badness;
  }
  design.restore(best);
  anneal(design, { ...search, moves: Math.ceil(search.moves * (1 - FIRST_RUNS_SHARE)), hottest: search.hottest / 2 });
}

/** The host sets that a design gives the experts of all layers of its cell. */
export function hostsOfExperts(design: Design, { layers }: Cell): CellHosts {
  if (design.layers.length > 0) return layers.map((_, l) => design.hostsByExpert(l));
  return layers.map(({ loads }) => {
    const sets = new Int32Array(loads.length);
    moreTokensMoreHosts(loads, design.hosts).forEach((expert, position) => {
      if (expert < loads.length) sets[expert] = design.hosts[position]!;
    });
    return sets;
  });
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
