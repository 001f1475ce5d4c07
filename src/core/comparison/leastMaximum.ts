import { type Shareable, type ShareGroups, shareGroups } from "./shareGroups.ts";

/** Relative excess that counts as none: more than rounding, and less than any two bounds of whole tokens differ by. */
const ROUNDING = 1e-11;
/** Sets of ranks that are remembered, as one of them often binds again. */
const REMEMBERED = 16;

/** Groups that a set of ranks shares alone, and how many ranks it has. */
interface BindingSet {
  readonly captive: Int32Array;
  readonly ranks: number;
}

/**
 * The least load of the busiest rank, for one table of loads after the other, while the ranks that may share the tokens stay:
 * `max over rank sets W of (tokens that only ranks of W may take) / |W|`, exactly.
 *
 * Bounds come from sets W: all ranks, and those that bound in steps before. Excess then flows from ranks above the bound to ranks below it
 * along shortest paths, from the shares of the step before (shortest augmenting paths with distance labels and gaps; Ahuja, Magnanti and
 * Orlin, Network Flows, 7.4). Where some excess cannot leave, the ranks that it reaches hold nothing but tokens that no other rank
 * may take: they are a W with a greater bound, from which the flow goes on (Dinkelbach).
 */
export class LeastMaximum {
  readonly #of: ShareGroups;
  /** Tokens of each group in this step and in the one before, of each entry, and of each rank. */
  #inGroup: Float64Array;
  #before: Float64Array;
  readonly #tokens: Float64Array;
  readonly #load: Float64Array;
  /** At most so many moves away from a rank below the bound: of each rank, and of the nearest rank of each group. */
  readonly #level: Int32Array;
  readonly #nearest: Int32Array;
  /** Ranks at each level. */
  readonly #atLevel: Int32Array;
  /** Entries that tokens leave and enter on the way from a source; or ranks to look at. */
  readonly #leaves: Int32Array;
  readonly #enters: Int32Array;
  /** The one that bound last comes first. */
  readonly #sets: BindingSet[] = [];

  constructor(shareables: readonly Shareable[], ranks: number) {
    this.#of = shareGroups(shareables, ranks);
    const { groups, rank } = this.#of;
    this.#inGroup = new Float64Array(groups);
    this.#before = new Float64Array(groups);
    this.#tokens = new Float64Array(rank.length);
    this.#load = new Float64Array(ranks);
    this.#level = new Int32Array(ranks);
    this.#nearest = new Int32Array(groups);
    this.#atLevel = new Int32Array(ranks + 1);
    this.#leaves = new Int32Array(ranks);
    this.#enters = new Int32Array(ranks);
  }

  /**
   * The least maximum over the mean of the ranks; 1 without tokens.
   * @param loads tokens of each expert, shape [experts]
   */
  overMean(loads: Float64Array): number {
    const total = this.#take(loads);
    if (total === 0) return 1;
    const mean = total / this.#of.ranks;
    let limit = Math.max(mean, this.#knownBound());
    for (let from = 0; ; ) {
      const stuck = this.#spread(limit, from);
      if (stuck < 0) return limit / mean;
      const bound = this.#boundAround(stuck, limit);
      from = bound > limit ? stuck : stuck + 1;
      limit = Math.max(limit, bound);
    }
  }

  /** Shares the tokens as they were shared in the step before. @returns their sum */
  #take(loads: Float64Array): number {
    const { groups, expert, part, groupOf, first, rank } = this.#of;
    [this.#inGroup, this.#before] = [this.#before, this.#inGroup];
    const [inGroup, before, tokens, load] = [this.#inGroup.fill(0), this.#before, this.#tokens, this.#load.fill(0)];
    for (let i = 0; i < expert.length; i++) inGroup[groupOf[i]!]! += part[i]! * loads[expert[i]!]!;
    let total = 0;
    for (let group = 0; group < groups; group++) {
      const from = first[group]!;
      const to = first[group + 1]!;
      const now = inGroup[group]!;
      const then = before[group]!;
      const growth = now / then;
      total += now;
      for (let entry = from; entry < to; entry++) {
        const share = then > 0 ? tokens[entry]! * growth : now / (to - from);
        tokens[entry] = share;
        load[rank[entry]!]! += share;
      }
    }
    return total;
  }

  /** The greatest bound of the remembered sets, whose set comes first from now on. */
  #knownBound(): number {
    let most = 0;
    let binding = 0;
    this.#sets.forEach((set, s) => {
      const bound = this.#bound(set);
      if (bound <= most) return;
      most = bound;
      binding = s;
    });
    if (binding > 0) this.#sets.unshift(...this.#sets.splice(binding, 1));
    return most;
  }

  #bound({ captive, ranks }: BindingSet): number {
    let tokens = 0;
    for (let i = 0; i < captive.length; i++) tokens += this.#inGroup[captive[i]!]!;
    return tokens / ranks;
  }

  /**
   * Sends tokens from ranks above the limit to ranks below it.
   * @param begin the first rank whose excess counts
   * @returns a rank whose excess has nowhere to go; -1 when there is none
   */
  #spread(limit: number, begin: number): number {
    const { rank } = this.#of;
    const [load, level, tokens, leaves, enters] = [this.#load, this.#level, this.#tokens, this.#leaves, this.#enters];
    this.#startLevels(limit);
    const few = limit * ROUNDING;
    for (let source = begin; source < load.length; source++) {
      let excess = load[source]! - limit;
      let moves = 0;
      let at = source;
      while (excess > few) {
        if (load[at]! < limit) {
          let sent = Math.min(excess, limit - load[at]!);
          for (let i = 0; i < moves; i++) sent = Math.min(sent, tokens[leaves[i]!]!);
          load[source]! -= sent;
          load[at]! += sent;
          excess -= sent;
          // Everything before the first entry that is empty now still stands.
          let standing = moves;
          for (let i = moves - 1; i >= 0; i--) {
            tokens[leaves[i]!]! -= sent;
            tokens[enters[i]!]! += sent;
            if (tokens[leaves[i]!]! <= 0) standing = i;
          }
          moves = standing;
        } else if (this.#step(at, moves)) moves++;
        else if (!this.#lift(at) || level[source] === load.length) return source;
        else if (moves > 0) moves--;
        at = moves === 0 ? source : rank[enters[moves - 1]!]!;
      }
    }
    return -1;
  }

  #startLevels(limit: number): void {
    const [load, level, atLevel] = [this.#load, this.#level, this.#atLevel.fill(0)];
    this.#nearest.fill(0);
    for (let r = 0; r < load.length; r++) {
      level[r] = load[r]! < limit ? 0 : 1;
      atLevel[level[r]!]!++;
    }
  }

  /** Finds a move to a rank one level below. @returns whether there is one */
  #step(at: number, moves: number): boolean {
    const { firstOfRank, entryOfRank, first, rank, group: groupOf } = this.#of;
    const [level, nearest, tokens] = [this.#level, this.#nearest, this.#tokens];
    const below = level[at]! - 1;
    for (let i = firstOfRank[at]!; i < firstOfRank[at + 1]!; i++) {
      const entry = entryOfRank[i]!;
      const group = groupOf[entry]!;
      if (nearest[group] !== below || tokens[entry]! <= 0) continue;
      let least = level[at]!;
      for (let other = first[group]!; other < first[group + 1]!; other++) {
        const away = level[rank[other]!]!;
        if (away < least) least = away;
        if (away !== below) continue;
        this.#leaves[moves] = entry;
        this.#enters[moves] = other;
        return true;
      }
      nearest[group] = least;
    }
    return false;
  }

  /** Lifts a rank without a move above the nearest that it could have one to. @returns whether what is above it may have a way down */
  #lift(at: number): boolean {
    const { firstOfRank, entryOfRank, group: groupOf } = this.#of;
    const [level, nearest, tokens, atLevel] = [this.#level, this.#nearest, this.#tokens, this.#atLevel];
    let least = level.length;
    for (let i = firstOfRank[at]!; i < firstOfRank[at + 1]!; i++) {
      const entry = entryOfRank[i]!;
      if (tokens[entry]! > 0) least = Math.min(least, nearest[groupOf[entry]!]! + 1);
    }
    const old = level[at]!;
    level[at] = least;
    atLevel[least]!++;
    // No rank is left at the old level, so nothing above it has a way down.
    return --atLevel[old]! > 0;
  }

  /** The bound of the ranks that the excess of one reaches, which is remembered. */
  #boundAround(source: number, limit: number): number {
    const { groups, firstOfRank, entryOfRank, first, rank, group: groupOf } = this.#of;
    const [tokens, reached] = [this.#tokens, this.#leaves];
    const inside = new Uint8Array(this.#load.length);
    inside[source] = 1;
    reached[0] = source;
    let end = 1;
    for (let done = 0; done < end; done++) {
      const from = reached[done]!;
      for (let i = firstOfRank[from]!; i < firstOfRank[from + 1]!; i++) {
        const entry = entryOfRank[i]!;
        if (tokens[entry]! <= limit * ROUNDING) continue;
        const group = groupOf[entry]!;
        for (let other = first[group]!; other < first[group + 1]!; other++) {
          const to = rank[other]!;
          if (inside[to] === 1) continue;
          inside[to] = 1;
          reached[end++] = to;
        }
      }
    }
    const captive: number[] = [];
    for (let group = 0; group < groups; group++) {
      const to = first[group + 1]!;
      let entry = first[group]!;
      while (entry < to && inside[rank[entry]!] === 1) entry++;
      if (entry === to) captive.push(group);
    }
    const set = { captive: Int32Array.from(captive), ranks: end };
    this.#sets.unshift(set);
    if (this.#sets.length > REMEMBERED) this.#sets.pop();
    return this.#bound(set);
  }
}
