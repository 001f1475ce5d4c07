/** FlexMoE's policy maker (arXiv 2304.03946, section 4): a slot is a vExpert, and n_e of them share an expert's tokens evenly. */
import { FREE_SLOT } from "../layout/placement.ts";
import type { LayerCopies } from "./layerCopies.ts";
import { layerTime, TIME_TOLERANCE } from "./layerTime.ts";
import { type Operation, slotsOf } from "./operations.ts";
import { type Change, exchangeCopies, exchanges, replaceCopy, type StepTerms } from "./step.ts";

/**
 * One step on a layer, carried out: while its ratio is above the threshold, the expert with the least load a copy (of those that can
 * spare one) shrinks and the one with the most expands, into the slot that lowers the layer's time most, or it expands into a free
 * slot; when that lowers the time no more, the migration that lowers it most, which levels ranks and shortens synchronisation.
 * @returns nothing when nothing lowers the time, or the layer is even enough
 */
export function flexmoeStep(copies: LayerCopies, terms: StepTerms): readonly Operation[] | undefined {
  if (copies.ratio <= terms.threshold) return undefined;
  return shrinkAndExpand(copies, terms) ?? migrate(copies, terms);
}

function shrinkAndExpand(copies: LayerCopies, terms: StepTerms): Operation[] | undefined {
  const present = Array.from({ length: copies.experts }, (_, expert) => expert).filter((expert) => copies.copiesOf(expert) > 0);
  const hottest = extreme(present, (expert) => copies.loadPerCopy(expert));
  if (hottest === undefined) return undefined;
  const slots = slotsOf(copies);
  const spare = slots.filter(({ at, expert }) => expert !== FREE_SLOT && copies.canSpare(at.rank, expert, terms.minHosts));
  const able = [...new Set(spare.map(({ expert }) => expert))].filter((expert) => expert !== hottest).sort((a, b) => a - b);
  const coldest = extreme(able, (expert) => -copies.loadPerCopy(expert));
  const open = [...slots.filter(({ expert }) => expert === FREE_SLOT), ...spare.filter(({ expert }) => expert === coldest)];
  const affordable = open.filter(({ at }) => terms.budget > 0 || copies.holds(at.rank, hottest));
  const best = quickest(copies, terms, affordable, ({ at }) => [{ at, expert: hottest }]);
  return best && replaceCopy(copies, { at: best.at, expert: hottest });
}

function migrate(copies: LayerCopies, terms: StepTerms): Operation[] | undefined {
  const best = quickest(copies, terms, exchanges(copies, terms), ({ one, other }) => [
    { at: one.at, expert: other.expert },
    { at: other.at, expert: one.expert },
  ]);
  return best && [exchangeCopies(copies, best.one.at, best.other.at)];
}

/** The choice that lowers the time most, the first of equals; nothing where none lowers it. */
function quickest<T>(
  copies: LayerCopies,
  { costs, allowed }: StepTerms,
  choices: readonly T[],
  changesOf: (choice: T) => readonly Change[],
): T | undefined {
  const now = layerTime(copies, costs);
  const timed = choices
    .map((choice, i) => ({ choice, i, time: copies.tried(changesOf(choice), () => layerTime(copies, costs)) }))
    .filter(({ time }) => time < now * (1 - TIME_TOLERANCE))
    .sort((a, b) => a.time - b.time || a.i - b.i);
  if (allowed === undefined) return timed[0]?.choice;
  return timed.find(({ choice }) => copies.tried(changesOf(choice), () => allowed(copies)))?.choice;
}

/** The expert with the most of something, the lowest of equals. */
function extreme(experts: readonly number[], of: (expert: number) => number): number | undefined {
  let found: number | undefined;
  for (const expert of experts) if (found === undefined || of(expert) > of(found)) found = expert;
  return found;
}
