/** How even the ranks of one layer can be: with equal shares for all copies of an expert, and with the best shares. */
import { busiestFirst } from "./busiestFirst.ts";

/** Relative gap between the load that shares reach and the bound that proves it, at which the search for shares ends. */
const GAP = 1e-6;
/** Passes over the experts before the gap is left as it is; few layers need more than some dozens. */
const MOST_PASSES = 20_000;
/** Passes between two looks at the bound, which costs about as much as a pass. */
const PASSES_A_LOOK = 4;

/** Load of the busiest rank over the mean, and the ranks that prove that no shares can do better. */
export interface RankBalance {
  /** With the shares found; at least 1. */
  readonly maxOverMean: number;
  /** What no shares can undercut: tokens of the experts held by `binding` alone, per rank of it, over the mean. */
  readonly lowerBound: number;
  /** Ranks, ascending. */
  readonly binding: readonly number[];
  /** Tokens of each rank with the shares found, shape [ranks]. */
  readonly load: Float64Array;
}

/**
 * Load of the busiest rank over the mean when every copy of an expert takes the same share.
 * @param copies ranks of each expert, one entry a copy, shape [experts][copies]
 * @param loads tokens of each expert, shape [experts]
 * @throws RangeError when an expert with tokens has no copy, a rank does not exist, or there is no rank
 */
export function evenRankBalance(copies: readonly (readonly number[])[], loads: readonly number[], ranks: number): number {
  const total = checkedTokens(copies, loads, ranks);
  if (total === 0) return 1;
  const load = evenLoads(copies, loads, ranks);
  return (load.reduce((most, tokens) => Math.max(most, tokens), 0) * ranks) / total;
}

/**
 * Least possible load of the busiest rank over the mean when the shares of each expert over its ranks are free, to a relative
 * gap of 1e-6 (more where passes run out, as on long chains of ranks: the two figures say so), by coordinate descent: one expert
 * after the other fills its ranks up to a common level, given the others' shares (water-filling), which lessens the sum of squared
 * loads. Its minimum has the least maximum too. The bound is the best set of the busiest ranks: `max over k of (tokens of the experts with all copies on the k busiest ranks) / k`.
 * @param copies ranks of each expert; several copies on a rank count once, shape [experts][copies]
 * @param loads tokens of each expert, shape [experts]
 * @throws RangeError when an expert with tokens has no copy, a rank does not exist, or there is no rank
 */
export function freeRankBalance(copies: readonly (readonly number[])[], loads: readonly number[], ranks: number): RankBalance {
  const total = checkedTokens(copies, loads, ranks);
  if (total === 0)
    return {
      maxOverMean: 1,
      lowerBound: 1,
      binding: Array.from({ length: ranks }, (_, rank) => rank),
      load: new Float64Array(ranks),
    };
  const mean = total / ranks;
  const sets = copies.map((list) => [...new Set(list)]);
  const shares = new Shares(sets, loads, ranks);
  let best = shares.bound();
  for (let pass = 0; ; pass++) {
    const most = shares.busiest();
    if (pass % PASSES_A_LOOK === 0) {
      const bound = shares.bound();
      if (bound.perRank > best.perRank) best = bound;
    }
    if (most <= best.perRank * (1 + GAP) || pass === MOST_PASSES) {
      const lowerBound = best.perRank / mean;
      return {
        maxOverMean: Math.max(most / mean, lowerBound),
        lowerBound,
        binding: Array.from(best.binding).sort((a, b) => a - b),
        load: shares.load(),
      };
    }
    shares.fill();
  }
}

/** Tokens of every expert on each of its ranks. */
class Shares {
  /** First entry of each expert, shape [experts + 1]. */
  readonly #first: Int32Array;
  /** Rank of each entry, and the tokens of the expert there, shape [entries]. */
  readonly #rank: Int32Array;
  readonly #tokens: Float64Array;
  readonly #loads: readonly number[];
  readonly #load: Float64Array;
  /** Loads of an expert's ranks without the expert, while it is filled in, ascending. */
  readonly #others: Float64Array;
  /** For the bound: ranks by load, the place of each in that order, and the tokens held by the ranks up to a place alone; shape [ranks]. */
  readonly #order: Int32Array;
  readonly #place: Int32Array;
  readonly #captive: Float64Array;

  constructor(sets: readonly (readonly number[])[], loads: readonly number[], ranks: number) {
    this.#loads = loads;
    this.#load = evenLoads(sets, loads, ranks);
    this.#first = new Int32Array(sets.length + 1);
    sets.forEach((set, expert) => {
      this.#first[expert + 1] = this.#first[expert]! + set.length;
    });
    this.#rank = Int32Array.from(sets.flat());
    this.#tokens = new Float64Array(this.#rank.length);
    sets.forEach((set, expert) => {
      this.#tokens.fill(loads[expert]! / set.length, this.#first[expert]!, this.#first[expert + 1]!);
    });
    this.#others = new Float64Array(sets.reduce((most, set) => Math.max(most, set.length), 0));
    this.#order = new Int32Array(ranks);
    this.#place = new Int32Array(ranks);
    this.#captive = new Float64Array(ranks);
  }

  busiest(): number {
    let most = 0;
    for (const tokens of this.#load) if (tokens > most) most = tokens;
    return most;
  }

  load(): Float64Array {
    return this.#load.slice();
  }

  /** One pass: every expert fills its ranks up to a common level. */
  fill(): void {
    const [first, rank, tokens, load, others] = [this.#first, this.#rank, this.#tokens, this.#load, this.#others];
    for (let expert = 0; expert + 1 < first.length; expert++) {
      const [from, to] = [first[expert]!, first[expert + 1]!];
      if (to - from < 2 || this.#loads[expert] === 0) continue;
      for (let i = from; i < to; i++) insert(others, i - from, load[rank[i]!]! - tokens[i]!);
      const level = waterLevel(others, to - from, this.#loads[expert]!);
      for (let i = from; i < to; i++) {
        const without = load[rank[i]!]! - tokens[i]!;
        tokens[i] = Math.max(0, level - without);
        load[rank[i]!] = without + tokens[i]!;
      }
    }
  }

  /** The set of busiest ranks whose captive experts have most tokens per rank. */
  bound(): { readonly perRank: number; readonly binding: Int32Array } {
    const order = this.#order;
    const place = this.#place;
    busiestFirst(this.#load, order, place);
    order.forEach((rank, at) => {
      place[rank] = at;
    });
    const captive = this.#captive.fill(0);
    for (let expert = 0; expert < this.#loads.length; expert++) {
      const load = this.#loads[expert]!;
      if (load === 0) continue;
      let last = 0;
      for (let i = this.#first[expert]!; i < this.#first[expert + 1]!; i++) last = Math.max(last, place[this.#rank[i]!]!);
      captive[last]! += load;
    }
    let inside = 0;
    let perRank = 0;
    let size = 0;
    for (let at = 0; at < order.length; at++) {
      inside += captive[at]!;
      if (inside <= perRank * (at + 1)) continue;
      perRank = inside / (at + 1);
      size = at + 1;
    }
    return { perRank, binding: order.slice(0, size) };
  }
}

/** Inserts a number into ascending ones. */
function insert(ascending: Float64Array, count: number, value: number): void {
  let at = count;
  for (; at > 0 && ascending[at - 1]! > value; at--) ascending[at] = ascending[at - 1]!;
  ascending[at] = value;
}

/** Level at which vessels filled so far, ascending, hold so much more. */
function waterLevel(filled: Float64Array, vessels: number, amount: number): number {
  let sum = amount;
  for (let count = 1; ; count++) {
    sum += filled[count - 1]!;
    const level = sum / count;
    if (count === vessels || level <= filled[count]!) return level;
  }
}

/** Tokens of each rank when every copy of an expert takes the same share, shape [ranks]. */
export function evenLoads(copies: readonly (readonly number[])[], loads: readonly number[], ranks: number): Float64Array {
  const load = new Float64Array(ranks);
  copies.forEach((list, expert) => {
    for (const rank of list) load[rank]! += loads[expert]! / list.length;
  });
  return load;
}

function checkedTokens(copies: readonly (readonly number[])[], loads: readonly number[], ranks: number): number {
  if (!Number.isSafeInteger(ranks) || ranks < 1) throw new RangeError(`ranks must be a positive whole number, got ${ranks}`);
  if (copies.length !== loads.length) throw new RangeError(`copies of ${copies.length} experts for ${loads.length} loads`);
  return loads.reduce((sum, load, expert) => {
    if (!(load >= 0 && load < Number.POSITIVE_INFINITY))
      throw new RangeError(`load of expert ${expert} must not be negative, got ${load}`);
    const list = copies[expert]!;
    if (load > 0 && list.length === 0) throw new RangeError(`expert ${expert} has ${load} tokens and no copy`);
    if (!list.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < ranks)) {
      throw new RangeError(`copies of expert ${expert} must be on ranks 0..${ranks - 1}, got [${list.join(", ")}]`);
    }
    return sum + load;
  }, 0);
}
