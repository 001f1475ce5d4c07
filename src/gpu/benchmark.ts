/** Checks and times kernels on a backend. */
import type { Backend } from "./backend.ts";
import type { BenchKernel } from "./benchKernel.ts";
import { resultError } from "./checkResult.ts";
import { type Call, readingCall } from "./device.ts";
import { deviceWork } from "./deviceWork.ts";
import { type Timing, timeCall, timePairs } from "./timing.ts";

/** What one kernel did. */
export interface BenchResult extends Timing {
  readonly kernel: string;
  readonly size: string;
  /** Arithmetic rate, for kernels whose work is products and sums. */
  readonly gflops?: number;
  /** Rate of inputs and results, for the others. */
  readonly gigabytesPerSecond?: number;
  /** Plain JavaScript in the same run. */
  readonly plainMedianMs: number;
  /** Plain JavaScript's time over the kernel's: median of pairs of batches, and its 95 % interval. */
  readonly speedup: number;
  readonly speedupLow: number;
  readonly speedupHigh: number;
  /** The same by processor time of all threads, which other work on the machine moves less. */
  readonly cpuSpeedup: number;
  readonly cpuSpeedupLow: number;
  readonly cpuSpeedupHigh: number;
  /** Largest error over the reference's largest number. */
  readonly error: number;
}

/**
 * Runs one kernel: checked first, then timed in turn with plain JavaScript, then checked again.
 * @throws WrongResult, BackendUnavailable
 */
export async function benchmark(
  backend: Pick<Backend, "device">,
  kernel: BenchKernel,
  repetitions: number,
): Promise<BenchResult> {
  const reference = kernel.reference();
  resultError(kernel, reference, kernel.plain());
  const call = await preparedCall(backend, kernel);
  const measured = call ?? (async () => kernel.plain());
  const first = resultError(kernel, reference, await measured());
  const { first: timing, second: plain, wall, cpu } = await timed(call, kernel, repetitions);
  const error = Math.max(first, resultError(kernel, reference, await measured()));
  const { work } = kernel;
  const perSecond = (amount: number) => amount / timing.medianMs / 1e6;
  return {
    kernel: kernel.name,
    size: kernel.size,
    ...timing,
    ...("flop" in work ? { gflops: perSecond(work.flop) } : { gigabytesPerSecond: perSecond(work.bytes) }),
    plainMedianMs: plain.medianMs,
    speedup: wall.median,
    speedupLow: wall.low,
    speedupHigh: wall.high,
    cpuSpeedup: cpu.median,
    cpuSpeedupLow: cpu.low,
    cpuSpeedupHigh: cpu.high,
    error,
  };
}

/** The kernel and plain JavaScript in pairs; without a device they are the same. */
async function timed(call: Call | undefined, kernel: BenchKernel, repetitions: number): ReturnType<typeof timePairs> {
  if (call !== undefined) return timePairs(call, kernel.plain, repetitions);
  const plain = await timeCall(kernel.plain, repetitions);
  const same = { median: 1, low: 1, high: 1 };
  return { first: plain, second: plain, wall: same, cpu: same };
}

/** The call on the backend's device. */
async function preparedCall({ device }: Pick<Backend, "device">, kernel: BenchKernel): Promise<Call | undefined> {
  if (device === undefined) return undefined;
  const guarded = <T>(work: () => Promise<T>) =>
    deviceWork(`${kernel.name} (${kernel.size})`, "try smaller --sizes or another --backend", work);
  const call = readingCall(device, await guarded(() => kernel.prepare(device)));
  return () => guarded(call);
}
