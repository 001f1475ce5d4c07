/** The paper's token dispatch (Lazarus section 4.2, Algorithm 1), exact in integers. */
import { DispatchBuilder, type LayerDispatch } from "./layerDispatch.ts";
import { checkReplicas, type ReplicasByRank } from "./replicas.ts";
import { expertLoads, type Routing } from "./routing.ts";

/**
 * Dispatches one layer: every replica of an expert takes the same share of its tokens, tokens stay on their own rank while
 * its capacity lasts, and the others go to the remaining ranks in proportion to their residual capacity.
 *
 * Per expert:
 * 1. Capacities t_e * R[e][j] / r_e are rounded to whole tokens that sum to t_e; the ranks that earlier roundings left
 *    short come first.
 * 2. Local tokens: D[j][j] = min(capacity, T[e][j]).
 * 3. The rest, (tokens left on i) * (capacity left on j) / (all that is left), is rounded up or down so that every row
 *    and every column keeps its sum: each source sends exactly its tokens, each rank takes exactly its whole capacity.
 * @returns entries by expert, source and target, all ascending
 * @throws RangeError when an expert with tokens has no replica, or shapes do not match
 */
export function lazarusDispatch(routing: Routing, replicas: ReplicasByRank): LayerDispatch {
  const { experts, ranks } = routing;
  const loads = expertLoads(routing);
  checkReplicas(routing, loads, replicas);
  const dispatch = new DispatchBuilder(ranks, mostEntries(routing, replicas));
  // One table for all experts: made anew for each, they are most of what a layer costs.
  const room = new Float64Array(ranks * replicas.reduce((most, hosts) => Math.max(most, hosts.length), 0));
  const owed = new Float64Array(ranks);
  for (let expert = 0; expert < experts; expert++) {
    const load = loads[expert]!;
    if (load === 0) continue;
    const hosts = replicas[expert]!;
    const tokens = routing.tokens.subarray(expert * ranks, (expert + 1) * ranks);
    const capacity = wholeCapacities(load, hosts, owed);
    const local = hosts.map(([rank], host) => Math.min(capacity[host]!, tokens[rank]!));
    const rowRest = Float64Array.from(tokens);
    hosts.forEach(([rank], host) => {
      rowRest[rank]! -= local[host]!;
    });
    const columnRest = Float64Array.from(capacity, (tokens, host) => tokens - local[host]!);
    const table = room.subarray(0, ranks * hosts.length).fill(0);
    fillProportionally(table, rowRest, columnRest);
    hosts.forEach(([rank], host) => {
      table[rank * hosts.length + host]! += local[host]!;
    });
    const targets = Int32Array.from(hosts, ([rank]) => rank);
    for (let source = 0, at = 0; source < ranks; source++) {
      if (tokens[source] === 0) {
        at += targets.length;
        continue;
      }
      for (let host = 0; host < targets.length; host++) {
        const sent = table[at++]!;
        if (sent > 0) dispatch.add(expert, source, targets[host]!, sent);
      }
    }
  }
  return dispatch.build();
}

/** Entries that a dispatch has at most: a source sends each token to one host. */
function mostEntries({ ranks, tokens }: Routing, replicas: ReplicasByRank): number {
  let sum = 0;
  replicas.forEach((hosts, expert) => {
    for (let at = expert * ranks; at < (expert + 1) * ranks; at++) sum += Math.min(tokens[at]!, hosts.length);
  });
  return sum;
}

/**
 * Capacities load * copies / (all copies) in whole tokens that sum to the load, each less than one token off.
 * @param owed tokens that rounding took from each rank so far, shape [ranks]; brought up to date
 * @returns shape [hosts]
 */
function wholeCapacities(load: number, hosts: ReplicasByRank[number], owed: Float64Array): Float64Array {
  const copies = hosts.reduce((sum, [, count]) => sum + count, 0);
  const spare = load % copies;
  const perReplica = (load - spare) / copies;
  let left = spare;
  const rounded: number[] = [];
  const capacity = Float64Array.from(hosts, ([rank, count], host) => {
    const whole = Math.floor((spare * count) / copies);
    const remainder = (spare * count) % copies;
    if (remainder > 0) rounded.push(host);
    owed[rank]! += remainder / copies;
    left -= whole;
    return perReplica * count + whole;
  });
  const rankOf = (host: number) => hosts[host]![0];
  rounded.sort((a, b) => owed[rankOf(b)]! - owed[rankOf(a)]! || a - b);
  for (const host of rounded.slice(0, left)) {
    capacity[host]!++;
    owed[rankOf(host)]!--;
  }
  return capacity;
}

/**
 * Whole numbers as near as can be to rows[i] * columns[j] / total: each rounded up or down, all margins kept exactly.
 *
 * After rounding down, what rows and columns still lack is a 0/1 table with given margins. One exists, because the
 * fractions cut off have these margins, and giving each row's ones to the columns that lack most finds it (Gale, Ryser).
 * @param table zeros, which are filled, shape [rows][columns]
 * @param rows whole numbers, shape [rows]; their sum is that of the columns
 * @param columns whole numbers, shape [columns]
 */
function fillProportionally(table: Float64Array, rows: Float64Array, columns: Float64Array): void {
  const width = columns.length;
  let total = 0;
  let most = 0;
  for (const column of columns) {
    total += column;
    most = Math.max(most, column);
  }
  if (total === 0) return;
  const lackingInRow = rows.slice();
  const lacking = columns.slice();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    // Less than one token for every column.
    if (row * most < total) continue;
    for (let j = 0; j < width; j++) {
      const floor = multiplyThenDivide(row, columns[j]!, total);
      table[i * width + j] = floor;
      lackingInRow[i]! -= floor;
      lacking[j]! -= floor;
    }
  }
  let byLack = Int32Array.from(columns.keys()).sort((a, b) => lacking[b]! - lacking[a]! || a - b);
  let merged = new Int32Array(width);
  for (let i = 0; i < rows.length; i++) {
    const ones = lackingInRow[i]!;
    if (ones === 0) continue;
    for (let k = 0; k < ones; k++) {
      const j = byLack[k]!;
      table[i * width + j]!++;
      lacking[j]!--;
    }
    mergeRuns(byLack, ones, lacking, merged);
    [byLack, merged] = [merged, byLack];
  }
}

/** Two descending runs, [0, middle) and [middle, end), as one; on ties the second run comes first. */
function mergeRuns(order: Int32Array, middle: number, key: Float64Array, merged: Int32Array): void {
  let first = 0;
  let second = middle;
  for (let at = 0; at < order.length; at++) {
    const takeSecond = first === middle || (second < order.length && key[order[second]!]! >= key[order[first]!]!);
    merged[at] = order[takeSecond ? second++ : first++]!;
  }
}

/** floor(a * b / divisor), exact for whole numbers below 2^53. */
function multiplyThenDivide(a: number, b: number, divisor: number): number {
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / divisor);
  return Number((BigInt(a) * BigInt(b)) / BigInt(divisor));
}
