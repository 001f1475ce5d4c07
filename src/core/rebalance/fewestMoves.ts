/** Ours: of all that can be done to a layer, what levels it most for each copy that is fetched. */
import { FREE_SLOT } from "../layout/placement.ts";
import type { LayerCopies } from "./layerCopies.ts";
import { helpful, type LayerCosts, layerTime, rankTimes, TIME_TOLERANCE } from "./layerTime.ts";
import { type Operation, slotsOf } from "./operations.ts";
import { type Change, exchangeCopies, exchanges, replaceCopy, type StepTerms } from "./step.ts";

/** A step's ways: the copy in a slot replaced, or two exchanged. */
interface Choice {
  readonly changes: readonly Change[];
  readonly fetched: number;
  readonly carryOut: () => readonly Operation[];
}

/** Steps, and what they have to gain. */
export interface FewestMovesTerms extends StepTerms {
  /** Ratio that a fetched copy must take off a layer. */
  readonly leastGain: number;
}

/**
 * One step on a layer, carried out: the replacement of a copy by one of any other expert, or the exchange of two, that lowers the
 * layer's time most for each copy it fetches (those that fetch none first), once the ratio is above the threshold.
 * @returns nothing when nothing gains enough, or the layer is even enough
 */
export function fewestMovesStep(copies: LayerCopies, terms: FewestMovesTerms): readonly Operation[] | undefined {
  const { costs, allowed, threshold, leastGain } = terms;
  const { ratio } = copies;
  if (ratio <= threshold) return undefined;
  const now = levelled(copies, costs);
  const enough = (now.time / ratio) * leastGain;
  const gains = choices(copies, terms)
    .map((choice, i) => ({ choice, i, tried: copies.tried(choice.changes, () => levelled(copies, costs)) }))
    .filter(({ tried }) => tried.time < now.time * (1 - TIME_TOLERANCE))
    .map((found) => ({ ...found, each: (now.level - found.tried.level) / Math.max(1, found.choice.fetched) }))
    .filter(({ each }) => each > enough)
    .sort((a, b) => b.each - a.each || a.i - b.i);
  const best = gains.find(({ choice }) => allowed === undefined || copies.tried(choice.changes, () => allowed(copies)));
  return best?.choice.carryOut();
}

/** Power of the norm that stands for the slowest rank, so that those that are nearly as slow count as well. */
const NORM = 16;

/** Time of the slowest rank, and a norm of all ranks' times in its place; with free shares, which level what can be, the time itself. */
function levelled(copies: LayerCopies, costs: LayerCosts): { readonly time: number; readonly level: number } {
  if (copies.shares === "free") {
    const time = layerTime(copies, costs);
    return { time, level: time };
  }
  const times = rankTimes(copies, costs);
  let time = 0;
  for (const one of times) if (one > time) time = one;
  let sum = 0;
  for (const one of times) sum += (one / time) ** NORM;
  return { time, level: time * sum ** (1 / NORM) };
}

/** All that touches a slowest rank, or an expert there. */
function choices(copies: LayerCopies, terms: StepTerms): Choice[] {
  const { budget, costs, minHosts } = terms;
  const helps = helpful(copies, costs);
  const found: Choice[] = [];
  for (const { at, expert: held } of slotsOf(copies)) {
    if (held !== FREE_SLOT && !copies.canSpare(at.rank, held, minHosts)) continue;
    for (let expert = 0; expert < copies.experts; expert++) {
      if (expert === held || copies.copiesOf(expert) === 0 || !helps.replacing(at.rank, expert, held)) continue;
      const fetched = copies.holds(at.rank, expert) ? 0 : 1;
      if (fetched > budget) continue;
      const change = { at, expert };
      found.push({ changes: [change], fetched, carryOut: () => replaceCopy(copies, change) });
    }
  }
  for (const { one, other, fetched } of exchanges(copies, terms)) {
    const changes = [
      { at: one.at, expert: other.expert },
      { at: other.at, expert: one.expert },
    ];
    found.push({ changes, fetched, carryOut: () => [exchangeCopies(copies, one.at, other.at)] });
  }
  return found;
}
