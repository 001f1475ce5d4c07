/** Tokens of one expert from where they are to where they are computed, nearest first. */
import type { DispatchBuilder } from "./layerDispatch.ts";

/**
 * Matches the tokens of experts with what their hosts compute: within each rank first, then within each group of the next
 * level, and at last anywhere; in order of rank. This makes every group take in as few tokens from outside as its hosts'
 * counts allow.
 */
export class NearestServer {
  /** Partitions of the ranks beyond the ranks themselves, finest first. */
  readonly #wider: readonly Int32Array[];
  /** Tokens of each rank that are not served yet. */
  readonly #waiting: Float64Array;
  // What a source sends nearby forms a list by target: first[source], following[entry], ..., -1.
  readonly #first: Int32Array;
  #following: number[] = [];
  #target: number[] = [];
  #sent: number[] = [];
  // Hosts of one group form a list: firstHost[group], nextHost[host], ..., -1.
  readonly #firstHost: Int32Array;
  readonly #nextHost: Int32Array;

  /** @param levels partitions of the ranks, finest first, the first one the ranks themselves */
  constructor(ranks: number, levels: readonly Int32Array[]) {
    this.#wider = levels.slice(1);
    this.#waiting = new Float64Array(ranks);
    this.#first = new Int32Array(ranks);
    this.#firstHost = new Int32Array(ranks).fill(-1);
    this.#nextHost = new Int32Array(ranks);
  }

  /**
   * Serves the tokens of one expert.
   * @param dispatch receives the entries, by source and target
   * @param tokens tokens from each rank, shape [ranks]; their sum is that of the counts
   * @param hosts ranks that compute tokens, ascending
   * @param counts tokens that each host computes, shape [hosts]
   */
  serve(dispatch: DispatchBuilder, expert: number, tokens: Float64Array, hosts: readonly number[], counts: Float64Array): void {
    const waiting = this.#waiting;
    waiting.set(tokens);
    const room = counts.slice();
    this.#first.fill(-1);
    this.#following = [];
    this.#target = [];
    this.#sent = [];
    for (let host = 0; host < hosts.length; host++) this.#serveNearby(hosts[host]!, host, hosts, room);
    for (const groups of this.#wider) this.#serveGroups(groups, hosts, room);
    for (let source = 0, host = 0; source < waiting.length; source++) {
      let entry = this.#first[source]!;
      while (waiting[source]! > 0) {
        while (room[host] === 0) host++;
        const served = Math.min(waiting[source]!, room[host]!);
        waiting[source]! -= served;
        room[host]! -= served;
        for (; entry >= 0 && this.#target[entry]! < hosts[host]!; entry = this.#following[entry]!) {
          dispatch.add(expert, source, this.#target[entry]!, this.#sent[entry]!);
        }
        dispatch.add(expert, source, hosts[host]!, served);
      }
      for (; entry >= 0; entry = this.#following[entry]!) {
        dispatch.add(expert, source, this.#target[entry]!, this.#sent[entry]!);
      }
    }
  }

  /** Serves what it can within each group. */
  #serveGroups(groups: Int32Array, hosts: readonly number[], room: Float64Array): void {
    const firstHost = this.#firstHost;
    for (let host = hosts.length - 1; host >= 0; host--) {
      const group = groups[hosts[host]!]!;
      this.#nextHost[host] = firstHost[group]!;
      firstHost[group] = host;
    }
    for (let source = 0; source < groups.length; source++) {
      const group = groups[source]!;
      while (this.#waiting[source]! > 0 && firstHost[group]! >= 0) {
        this.#serveNearby(source, firstHost[group]!, hosts, room);
        if (this.#waiting[source]! > 0) firstHost[group] = this.#nextHost[firstHost[group]!]!;
      }
    }
    for (const host of hosts) firstHost[groups[host]!] = -1;
  }

  #serveNearby(source: number, host: number, hosts: readonly number[], room: Float64Array): void {
    const served = Math.min(this.#waiting[source]!, room[host]!);
    if (served === 0) return;
    this.#waiting[source]! -= served;
    room[host]! -= served;
    let before = -1;
    let after = this.#first[source]!;
    for (; after >= 0 && this.#target[after]! < hosts[host]!; after = this.#following[after]!) before = after;
    if (before < 0) this.#first[source] = this.#sent.length;
    else this.#following[before] = this.#sent.length;
    this.#following.push(after);
    this.#target.push(hosts[host]!);
    this.#sent.push(served);
  }
}
