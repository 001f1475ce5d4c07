/** Tokens of one expert from where they are to where they are computed, nearest first. */
import type { DispatchBuilder } from "./layerDispatch.ts";

/**
 * Matches the tokens of an expert with what its hosts compute: within each rank first, then within each group of the
 * next level, and at last anywhere; in order of rank. This makes every group take in as few tokens from outside as its
 * hosts' counts allow.
 * @param dispatch receives the entries, by source and target
 * @param tokens tokens from each rank, shape [ranks]; their sum is that of the counts
 * @param hosts ranks that compute tokens, ascending
 * @param counts tokens that each host computes, shape [hosts]
 * @param levels partitions of the ranks, finest first, the first one the ranks themselves
 */
export function serveNearest(
  dispatch: DispatchBuilder,
  expert: number,
  tokens: Float64Array,
  hosts: readonly number[],
  counts: Float64Array,
  levels: readonly Int32Array[],
): void {
  const ranks = tokens.length;
  const waiting = tokens.slice();
  const room = counts.slice();
  // What a source sends forms a list by target: first[source], following[entry], ..., -1.
  const first = new Int32Array(ranks).fill(-1);
  const following: number[] = [];
  const target: number[] = [];
  const sent: number[] = [];
  const serve = (source: number, host: number) => {
    const served = Math.min(waiting[source]!, room[host]!);
    if (served === 0) return;
    waiting[source]! -= served;
    room[host]! -= served;
    let before = -1;
    let after = first[source]!;
    for (; after >= 0 && target[after]! < hosts[host]!; after = following[after]!) before = after;
    if (before < 0) first[source] = sent.length;
    else following[before] = sent.length;
    following.push(after);
    target.push(hosts[host]!);
    sent.push(served);
  };

  for (let host = 0; host < hosts.length; host++) serve(hosts[host]!, host);
  // Hosts of one group form a list: firstHost[group], nextHost[host], ..., -1.
  const firstHost = new Int32Array(ranks).fill(-1);
  const nextHost = new Int32Array(hosts.length);
  for (const groups of levels.slice(1)) {
    for (let host = hosts.length - 1; host >= 0; host--) {
      const group = groups[hosts[host]!]!;
      nextHost[host] = firstHost[group]!;
      firstHost[group] = host;
    }
    for (let source = 0; source < ranks; source++) {
      const group = groups[source]!;
      while (waiting[source]! > 0 && firstHost[group]! >= 0) {
        serve(source, firstHost[group]!);
        if (waiting[source]! > 0) firstHost[group] = nextHost[firstHost[group]!]!;
      }
    }
    firstHost.fill(-1);
  }
  for (let source = 0, host = 0; source < ranks; source++) {
    while (waiting[source]! > 0) {
      serve(source, host);
      if (waiting[source]! > 0) host++;
    }
  }

  for (let source = 0; source < ranks; source++) {
    for (let entry = first[source]!; entry >= 0; entry = following[entry]!) {
      dispatch.add(expert, source, target[entry]!, sent[entry]!);
    }
  }
}
