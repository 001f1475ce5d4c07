/** From measured rates to what the simulator takes for hardware. */
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import type { BenchResult } from "./benchmark.ts";

/** Kernels whose rates a calibration is made of. */
export const calibrationKernels = ["expert-ffn", "dispatch"] as const;

/** A training step goes forward once and backward at the cost of twice that. */
const PASSES = 3;

/**
 * Hardware with what was measured: arithmetic rate of the experts, memory rate of the dispatch, and the launches of the MoE
 * layers' kernels in a step. All arithmetic is in single precision, so that is the rate for every format.
 * @param others where network rates and recovery times come from, which no bench can measure
 * @param launchSeconds time that one kernel costs whatever it does
 * @param launches kernels of one layer
 * @throws RangeError when one of `calibrationKernels` was not measured
 */
export function calibratedHardware(
  name: string,
  results: readonly BenchResult[],
  launchSeconds: number,
  launches: number,
  moeLayers: number,
  others: HardwareSpec,
): HardwareSpec {
  const rate = (kernel: (typeof calibrationKernels)[number], unit: "gflops" | "gigabytesPerSecond") => {
    const measured = results.find((result) => result.kernel === kernel)?.[unit];
    if (measured === undefined) throw new RangeError(`a calibration needs the kernel ${kernel}`);
    return measured * 1e9;
  };
  const flops = rate("expert-ffn", "gflops");
  return {
    ...others,
    name,
    fp16Flops: flops,
    ...(others.fp8Flops === undefined ? {} : { fp8Flops: flops }),
    computeEfficiency: 1,
    // The efficiency stays for the links, so the memory's rate is stated as if it were subject to it, too.
    memoryBytesPerSecond: rate("dispatch", "gigabytesPerSecond") / others.bandwidthEfficiency,
    stepOverheadSeconds: PASSES * launches * moeLayers * launchSeconds,
  };
}
