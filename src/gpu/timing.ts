/** How long calls take. */
import { performance } from "node:perf_hooks";

/** Figures of repeated calls. Calls of microseconds are timed in batches; minimum and quantiles are of the batches' means. */
export interface Timing {
  /** Calls that were timed. */
  readonly repetitions: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly p95Ms: number;
  /** Processor time of all threads, per call. */
  readonly cpuMs: number;
  /** Distance between the quartiles over the median. */
  readonly spread: number;
}

/** Median of the ratios of pairs, and an interval that holds the true median in about 95 of 100 runs. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Means of one batch after another, per call. */
interface Batches {
  readonly calls: number;
  readonly wallMs: number[];
  readonly cpuMs: number[];
}

/** How long a call is made before it is timed: the optimising compiler has seen it by then. */
const WARM_UP_MS = 20;
/** A batch is so many calls that it takes about so long: far above the clocks' resolution and what reading them costs. */
const BATCH_MS = 5;
/** Each call is timed for so long at least. */
const LEAST_MS = 300;

/** Times one call. @param repetitions least number of batches */
export async function timeCall(
  call: () => unknown,
  repetitions: number,
  progress: (share: number) => void = () => {},
): Promise<Timing> {
  return timing((await timeInTurn([call], repetitions, progress))[0]!);
}

/**
 * Times two calls in pairs of batches, the first now before, now behind the second, so that what else the machine does falls on
 * both alike.
 * @param progress is told which share of the time has passed
 * @returns figures of both, and the second's time over the first's, by the clock and by processor time
 */
export async function timePairs(
  first: () => unknown,
  second: () => unknown,
  repetitions: number,
  progress: (share: number) => void = () => {},
): Promise<{ first: Timing; second: Timing; wall: Ratio; cpu: Ratio }> {
  const [a, b] = (await timeInTurn([first, second], repetitions, progress)) as [Batches, Batches];
  return { first: timing(a), second: timing(b), wall: ratio(b.wallMs, a.wallMs), cpu: ratio(b.cpuMs, a.cpuMs) };
}

async function timeInTurn(
  calls: readonly (() => unknown)[],
  repetitions: number,
  progress: (share: number) => void = () => {},
): Promise<Batches[]> {
  const batches: Batches[] = [];
  for (const call of calls) batches.push({ calls: await batchSize(call), wallMs: [], cpuMs: [] });
  const total = ({ calls: count, wallMs }: Batches) => count * wallMs.reduce((sum, ms) => sum + ms, 0);
  const order = [...calls.keys()];
  const share = (batch: Batches) => Math.min(batch.wallMs.length / repetitions, total(batch) / LEAST_MS);
  while (batches.some((batch) => share(batch) < 1)) {
    progress(Math.min(...batches.map(share)));
    for (const i of order) await timeBatch(calls[i]!, batches[i]!);
    order.reverse();
  }
  return batches;
}

/** Calls that make a batch, found while the call warms up. */
async function batchSize(call: () => unknown): Promise<number> {
  const begin = performance.now();
  let count = 0;
  let last = begin;
  let fastest = Number.POSITIVE_INFINITY;
  while (count < 2 || last - begin < WARM_UP_MS) {
    await call();
    const now = performance.now();
    fastest = Math.min(fastest, now - last);
    last = now;
    count++;
  }
  return Math.max(1, Math.ceil(BATCH_MS / Math.max(fastest, 1e-4)));
}

async function timeBatch(call: () => unknown, { calls, wallMs, cpuMs }: Batches): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < calls; i++) await call();
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  wallMs.push(elapsed / calls);
  cpuMs.push((user + system) / 1000 / calls);
}

function timing({ calls, wallMs, cpuMs }: Batches): Timing {
  const wall = [...wallMs].sort((a, b) => a - b);
  const medianMs = quantile(wall, 0.5);
  return {
    repetitions: calls * wall.length,
    medianMs,
    minMs: wall[0]!,
    p95Ms: quantile(wall, 0.95),
    cpuMs: cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length,
    spread: (quantile(wall, 0.75) - quantile(wall, 0.25)) / medianMs,
  };
}

/**
 * The ratios of pairs: their median, with the order statistics around it as its interval (binomial, normal approximation).
 * @param numerators as many as denominators
 */
export function ratio(numerators: readonly number[], denominators: readonly number[]): Ratio {
  const ratios = numerators.map((value, i) => value / denominators[i]!).sort((a, b) => a - b);
  const outside = Math.max(0, Math.floor((ratios.length - 1.96 * Math.sqrt(ratios.length)) / 2));
  return { median: quantile(ratios, 0.5), low: ratios[outside]!, high: ratios.at(-1 - outside)! };
}

/** Quantile of ascending numbers, between neighbours where it falls between. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
