/** Checks and times kernels on a backend. */
import type { Backend } from "./backend.ts";
import type { BenchKernel } from "./benchKernel.ts";
import { resultError } from "./checkResult.ts";
import { type Call, readingCall } from "./device.ts";
import { deviceWork } from "./deviceWork.ts";
import { type Timing, timeCall, timePairs } from "./timing.ts";
import { notingUploads, type TransferTimes, transferTimes } from "./transferTimes.ts";

/** What one kernel did. */
export interface BenchResult extends Timing {
  readonly kernel: string;
  readonly size: string;
  /** Without reading the result back, and how long that and putting inputs there takes: on devices with memory of their own. */
  readonly deviceMs?: number;
  readonly uploadMs?: number;
  readonly readbackMs?: number;
  /** Arithmetic rate on the device, for kernels whose work is products and sums. */
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
 * @param progress is told which share of the work is done
 * @throws WrongResult, BackendUnavailable
 */
export async function benchmark(
  backend: Pick<Backend, "device" | "holdsArrays">,
  kernel: BenchKernel,
  repetitions: number,
  progress: (share: number) => void = () => {},
): Promise<BenchResult> {
  const reference = kernel.reference();
  progress(UNTIL_REFERENCE);
  resultError(kernel, reference, kernel.plain());
  progress(UNTIL_TIMING);
  const prepared = await preparedCall(backend, kernel);
  const call = prepared?.call;
  const measured = call ?? (async () => kernel.plain());
  const first = resultError(kernel, reference, await measured());
  const timing = await timed(call, kernel, repetitions, (share) => progress(UNTIL_TIMING + (1 - UNTIL_TIMING) * share));
  const error = Math.max(first, resultError(kernel, reference, await measured()));
  const apart = await prepared?.transfers?.(repetitions);
  return { kernel: kernel.name, size: kernel.size, ...figures(timing, kernel, apart), error };
}

/** Shares of the work that are done with the reference, and before times are taken. */
const UNTIL_REFERENCE = 0.1;
const UNTIL_TIMING = 0.2;

function figures(
  { first, second: plain, wall, cpu }: Awaited<ReturnType<typeof timePairs>>,
  { work }: BenchKernel,
  apart: TransferTimes | undefined,
): Omit<BenchResult, "kernel" | "size" | "error"> {
  const deviceMs = apart && Math.max(first.medianMs - apart.readbackMs, first.medianMs / 100);
  const perSecond = (amount: number) => amount / (deviceMs ?? first.medianMs) / 1e6;
  return {
    ...first,
    ...(deviceMs === undefined ? {} : { ...apart, deviceMs }),
    ...("flop" in work ? { gflops: perSecond(work.flop) } : { gigabytesPerSecond: perSecond(work.bytes) }),
    plainMedianMs: plain.medianMs,
    speedup: wall.median,
    speedupLow: wall.low,
    speedupHigh: wall.high,
    cpuSpeedup: cpu.median,
    cpuSpeedupLow: cpu.low,
    cpuSpeedupHigh: cpu.high,
  };
}

/** The kernel and plain JavaScript in pairs; without a device they are the same. */
async function timed(
  call: Call | undefined,
  kernel: BenchKernel,
  repetitions: number,
  progress: (share: number) => void,
): ReturnType<typeof timePairs> {
  if (call !== undefined) return timePairs(call, kernel.plain, repetitions, progress);
  const plain = await timeCall(kernel.plain, repetitions, progress);
  const same = { median: 1, low: 1, high: 1 };
  return { first: plain, second: plain, wall: same, cpu: same };
}

interface PreparedCall {
  readonly call: Call;
  /** Times of the ways to and from a device with memory of its own. */
  readonly transfers?: (repetitions: number) => Promise<TransferTimes>;
}

/** The call on the backend's device. */
async function preparedCall(
  { device, holdsArrays }: Pick<Backend, "device" | "holdsArrays">,
  kernel: BenchKernel,
): Promise<PreparedCall | undefined> {
  if (device === undefined) return undefined;
  const guarded = <T>(work: () => Promise<T>) =>
    deviceWork(`${kernel.name} (${kernel.size})`, "try smaller --sizes or another --backend", work);
  const noting = notingUploads(device);
  const launch = await guarded(() => kernel.prepare(noting.device));
  const call = readingCall(device, launch);
  return {
    call: () => guarded(call),
    ...(holdsArrays
      ? { transfers: (repetitions: number) => guarded(() => transferTimes(device, launch, noting.uploads, repetitions)) }
      : {}),
  };
}
