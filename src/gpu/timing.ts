/** How long calls take. */
import { performance } from "node:perf_hooks";

/** Figures of repeated calls. */
export interface Timing {
  readonly repetitions: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly p95Ms: number;
  /** Processor time of all threads, per call. */
  readonly cpuMs: number;
  /** Distance between the quartiles over the median. */
  readonly spread: number;
}

const WARM_UPS = 2;
/** Short calls are repeated until they have been measured for so long, or so often. */
const LEAST_MS = 100;
const MOST_REPETITIONS = 1000;

/**
 * Times several calls in turn, so that what else the machine does falls on all of them alike.
 * @param repetitions least number of each
 */
export async function timeInTurn(calls: readonly (() => unknown)[], repetitions: number): Promise<Timing[]> {
  const samples = calls.map(() => ({ wall: [] as number[], cpu: 0, total: 0 }));
  for (const call of calls) for (let i = 0; i < WARM_UPS; i++) await call();
  const done = ({ wall, total }: (typeof samples)[number]) =>
    wall.length >= repetitions && (total >= LEAST_MS || wall.length >= MOST_REPETITIONS);
  while (!samples.every(done)) {
    for (const [i, call] of calls.entries()) {
      const sample = samples[i]!;
      if (done(sample)) continue;
      const cpu = process.cpuUsage();
      const start = performance.now();
      await call();
      const elapsed = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      sample.wall.push(elapsed);
      sample.total += elapsed;
      sample.cpu += (user + system) / 1000;
    }
  }
  return samples.map(({ wall, cpu }) => {
    wall.sort((a, b) => a - b);
    const medianMs = quantile(wall, 0.5);
    return {
      repetitions: wall.length,
      medianMs,
      minMs: wall[0]!,
      p95Ms: quantile(wall, 0.95),
      cpuMs: cpu / wall.length,
      spread: (quantile(wall, 0.75) - quantile(wall, 0.25)) / medianMs,
    };
  });
}

/** Quantile of ascending numbers, between neighbours where it falls between. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
