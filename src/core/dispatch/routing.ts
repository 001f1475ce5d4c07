/** Where the tokens of a layer come from: the input of every dispatch policy. */
import { Infeasible } from "../layout/infeasible.ts";

/** Tokens of one layer by expert and source rank (T[e][j] in the paper). */
export interface Routing {
  readonly experts: number;
  readonly ranks: number;
  /** Tokens routed to each expert from each rank, shape [experts][ranks], whole numbers. */
  readonly tokens: Float64Array;
}

/**
 * Routing for loads whose sources are unknown: every rank sends every expert the same number of tokens, up to rounding.
 * What does not divide is dealt round robin across all experts, so that the ranks' totals differ by one token at most.
 * @param loads tokens of each expert, shape [experts], whole numbers
 * @param dead ranks that send nothing, ascending; not all of them
 */
export function evenRouting(loads: readonly number[], ranks: number, dead: readonly number[] = []): Routing {
  if (dead.length > 0) return amongLive(evenRouting(loads, ranks - dead.length), ranks, dead);
  if (!Number.isSafeInteger(ranks) || ranks < 1) throw new RangeError(`ranks must be a positive whole number, got ${ranks}`);
  const tokens = new Float64Array(loads.length * ranks);
  let next = 0;
  loads.forEach((load, expert) => {
    const row = tokens.subarray(expert * ranks, (expert + 1) * ranks);
    const leftOver = load % ranks;
    row.fill((load - leftOver) / ranks);
    for (let token = 0; token < leftOver; token++) {
      row[next]!++;
      next = (next + 1) % ranks;
    }
  });
  return { experts: loads.length, ranks, tokens };
}

/** The routing of the live ranks, numbered from 0, as one of all ranks. */
function amongLive({ experts, ranks: live, tokens }: Routing, ranks: number, dead: readonly number[]): Routing {
  const spread = new Float64Array(experts * ranks);
  const rankOf = Array.from({ length: ranks }, (_, rank) => rank).filter((rank) => !dead.includes(rank));
  tokens.forEach((count, at) => {
    spread[Math.floor(at / live) * ranks + rankOf[at % live]!] = count;
  });
  return { experts, ranks, tokens: spread };
}

/**
 * Tokens of each expert over all source ranks, shape [experts].
 * @throws RangeError when the token table has another shape than stated, or its counts are not whole numbers with sums below 2^53
 */
export function expertLoads(routing: Routing): Float64Array {
  const { experts, ranks, tokens } = routing;
  if (tokens.length !== experts * ranks) {
    throw new RangeError(
      `routing of ${experts} experts from ${ranks} ranks needs ${experts * ranks} counts, got ${tokens.length}`,
    );
  }
  const loads = new Float64Array(experts);
  for (let expert = 0; expert < experts; expert++) {
    let sum = 0;
    for (let at = expert * ranks; at < (expert + 1) * ranks; at++) {
      const count = tokens[at]!;
      if (!(count >= 0 && Number.isSafeInteger(count))) throw new RangeError(`expert ${expert} has a token count of ${count}`);
      sum += count;
    }
    if (!Number.isSafeInteger(sum)) throw new Infeasible(`expert ${expert} has 2^53 tokens or more`);
    loads[expert] = sum;
  }
  return loads;
}
