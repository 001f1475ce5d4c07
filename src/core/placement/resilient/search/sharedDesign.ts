/** One design of host sets for all layers of a cell, so that they die together. */

import { Design, type DesignParts } from "../design/design.ts";
import { makeDesignLayer } from "../design/designLayer.ts";
import type { LayerTable } from "../design/layerTable.ts";
import { countMembers, maskOf } from "../design/subsets.ts";
import { type Annealing, anneal } from "./anneal.ts";
import type { Cell, CellHosts } from "./cell.ts";
import { groupedHosts, spreadHosts, useFreeSlots } from "./startingHosts.ts";

/** Share of the moves for short runs from all starts; the best of them goes on at lower temperatures. */
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

/**
 * Starts of a search for survival alone: as few groups as hold all positions, with three tries to settle; a design as even as can
 * be. Where domains fail, of which groups know nothing, both get two.
 */
export function fullStarts({ positions, slots, minHosts, unitOfNode, failureProbabilities }: Cell): Int32Array[] {
  const spread = toMasks(spreadHosts(positions, slots, minHosts));
  const groups = groupedHosts(positions, slots, minHosts, Math.ceil(positions / Math.min(...slots)));
  // Groups are hard to reach from anywhere else.
  const grouped = groups ? toMasks(useFreeSlots(groups, slots)) : spread;
  return failureProbabilities.length < unitOfNode.length
    ? [spread, grouped, spread, grouped]
    : [grouped, grouped, grouped, spread];
}

/** Starts of a search in which free slots may be worth more than hosts: a design as even as can be, and any number of groups. */
export function frugalStarts({ positions, slots, minHosts }: Cell): Int32Array[] {
  const starts = [toMasks(spreadHosts(positions, slots, minHosts))];
  for (let groups = 1; groups <= slots.length; groups++) {
    const hosts = groupedHosts(positions, slots, minHosts, groups);
    if (hosts) starts.push(toMasks(hosts));
  }
  return starts;
}

/**
 * Searches a shared design in a short run from each start, and a long one from the best of them.
 *
 * Before a run, the start settles: it is to meet the limits while survival stays what it is. Groups survive most, and it is not
 * far from them to the limits; but once left they are hard to come back to.
 * @param starts a start that stands here again is another try, if the try before did not settle
 * @param settlingMoves of each try
 */
export function searchSharedDesign(design: Design, starts: readonly Int32Array[], search: Annealing, settlingMoves = 0): void {
  const { experts } = design.snapshot();
  let best = design.snapshot();
  let leastViolation = Number.POSITIVE_INFINITY;
  let leastBadness = Number.POSITIVE_INFINITY;
  const settled = new Set<Int32Array>();
  for (const hosts of starts) {
    if (settled.has(hosts)) continue;
    design.restore({ hosts, experts });
    anneal(design, { ...search, moves: settlingMoves, keepSurvival: true, enough: design.lost });
    if (settlingMoves > 0 && design.violation === 0) settled.add(hosts);
    anneal(design, { ...search, moves: Math.ceil((search.moves * FIRST_RUNS_SHARE) / starts.length) });
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
