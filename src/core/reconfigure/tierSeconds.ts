/** How long transfers and restores take: tiers run side by side, and what came from the store is sent on once all of it is there. */
import type { Reconfiguration } from "./reconfigure.ts";
import type { RestoredCopy, Tier } from "./restorable.ts";

/** Bytes per second. */
export interface TierRates {
  /** That a node takes out of its own host memory. */
  readonly host?: number | undefined;
  /** That all nodes together read from the checkpoint store, and that one can; all of it unless said. */
  readonly store?: number | undefined;
  readonly storeNode?: number | undefined;
}

/** What the seconds depend on. */
export interface TierSpeed {
  readonly expertBytes: number;
  /** Bytes per second that a node sends, and receives. */
  readonly bandwidth: number;
  readonly rates?: TierRates | undefined;
}

/** An expert that lived nowhere, and its first copy. */
export interface RestoredExpert extends RestoredCopy {
  /** Node whose host memory it comes from. */
  readonly from?: number;
  /** Seconds after the beginning of the transfers at which it is there. */
  readonly seconds: number;
}

/** When the tiers are done. */
export interface TierSeconds {
  readonly transferSeconds: number;
  /** No schedule of these arrivals can undercut it. */
  readonly lowerBoundSeconds: number;
  /** When the last copy of each tier is there; the network's transfers of stored experts begin after the store's. */
  readonly tiers: { readonly network: number; readonly host: number; readonly store: number };
  readonly restored: readonly RestoredExpert[];
}

/**
 * Turns of equal reads, of which so many run at a time, one a node: as few as can be, max(all / lanes, reads of the busiest node), because
 * the nodes with most left go first.
 * @param node that reads, shape [reads]
 * @returns turn of each read, from 0
 */
export function readTurns(node: readonly number[], lanes: number): number[] {
  const queues = new Map<number, number[]>();
  node.forEach((n, read) => {
    const queue = queues.get(n);
    if (queue === undefined) queues.set(n, [read]);
    else queue.push(read);
  });
  const turns = new Array<number>(node.length).fill(0);
  for (let turn = 0; ; turn++) {
    const waiting = [...queues.values()].filter((queue) => queue.length > 0).sort((a, b) => b.length - a.length || a[0]! - b[0]!);
    if (waiting.length === 0) return turns;
    for (const queue of waiting.slice(0, lanes)) turns[queue.shift()!] = turn;
  }
}

/** The seconds of a reconfiguration. @throws RangeError when a tier is used whose rate is unknown */
export function tierSeconds(change: Reconfiguration, speed: TierSpeed): TierSeconds {
  const { transfers, rounds, lowerBoundRounds, restored: copies = [] } = change;
  const { expertBytes, bandwidth, rates = {} } = speed;
  const plain = expertBytes / bandwidth;
  const network = rounds * plain;
  const tiers = { network, host: 0, store: 0 };
  if (change.restored === undefined)
    return { transferSeconds: network, lowerBoundSeconds: lowerBoundRounds * plain, tiers, restored: [] };
  const ends = copyEnds(copies, expertBytes, rates);
  const last = (tier: Tier) => copies.reduce((most, copy, i) => (copy.tier === tier ? Math.max(most, ends[i]!) : most), 0);
  const [host, store] = [last("host"), last("store")];
  const stored = new Set(copies.filter(({ tier }) => tier === "store").map(({ layer, expert }) => `${layer}/${expert}`));
  const fromMemory = Math.max(plain, expertBytes / (rates.host ?? Infinity));
  const length = new Array<number>(rounds).fill(plain);
  const waits = new Array<boolean>(rounds).fill(false);
  for (const { layer, expert, round, source } of transfers) {
    if (source === "host") length[round] = fromMemory;
    if (stored.has(`${layer}/${expert}`)) waits[round] = true;
  }
  let done = 0;
  const roundEnds = length.map((seconds, round) => {
    done = (waits[round] ? Math.max(done, store) : done) + seconds;
    return done;
  });
  const known = new Set<string>();
  const restored = copies.map((copy, i): RestoredExpert => {
    known.add(`${copy.layer}/${copy.expert}`);
    return { ...copy, ...(copy.tier === "host" && { from: copy.to }), seconds: ends[i]! };
  });
  for (const { layer, expert, from, to, round, source } of transfers) {
    if (source !== "host" || known.has(`${layer}/${expert}`)) continue;
    known.add(`${layer}/${expert}`);
    restored.push({ layer, expert, tier: "host", from, to, seconds: roundEnds[round]! });
  }
  restored.sort((a, b) => a.layer - b.layer || a.expert - b.expert || a.to - b.to);
  return {
    transferSeconds: Math.max(done, host, store),
    lowerBoundSeconds: Math.max(lowerBoundRounds * plain, host, store),
    tiers: { network: done, host, store },
    restored,
  };
}

/** When each copy is there: a node takes one after the other out of its memory; the store serves so many at a time. */
function copyEnds(copies: readonly RestoredCopy[], bytes: number, rates: TierRates): number[] {
  const ends = new Array<number>(copies.length).fill(0);
  for (const tier of ["host", "store"] as const) {
    const own = [...copies.keys()].filter((i) => copies[i]!.tier === tier);
    if (own.length === 0) continue;
    const rate = rates[tier];
    if (rate === undefined) throw new RangeError(`the rate of the tier ${tier} is unknown`);
    const lanes = tier === "host" ? Infinity : Math.ceil(rate / Math.min(rates.storeNode ?? rate, rate));
    const seconds = tier === "host" ? bytes / rate : (bytes / rate) * lanes;
    const turns = readTurns(
      own.map((i) => copies[i]!.to),
      lanes,
    );
    own.forEach((i, at) => {
      ends[i] = (turns[at]! + 1) * seconds;
    });
  }
  return ends;
}
