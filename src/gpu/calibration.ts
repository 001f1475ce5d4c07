/** From measured rates to what the simulator takes for hardware. */
import { type HardwareSpec, KEPT, MEASURED } from "../core/cost/hardwareSpec.ts";

/** Kernels whose rates a calibration is made of. */
export const calibrationKernels = ["expert-ffn", "dispatch"] as const;

/** A training step goes forward once and backward at the cost of twice that. */
const PASSES = 3;

/** As much of a result as a calibration needs. */
interface Rated {
  readonly kernel: string;
  readonly size: string;
  readonly gflops?: number | undefined;
  readonly gigabytesPerSecond?: number | undefined;
}

/** What was measured, and on what. */
export interface Measured {
  readonly backend: string;
  readonly adapter: string;
  readonly results: readonly Rated[];
  /** Time that one kernel costs whatever it does. */
  readonly launchSeconds: number;
  /** Kernels of one layer. */
  readonly launches: number;
  readonly moeLayers: number;
}

/**
 * Hardware with what was measured: arithmetic rate of the experts, memory rate of the dispatch, and the launches of the MoE
 * layers' kernels in a step. All arithmetic is in single precision, so that is the rate for every format. `sources` says of
 * every figure whether it was measured, and how, or kept.
 * @param others where network rates and recovery times come from, which no bench can measure
 * @throws RangeError when one of `calibrationKernels` was not measured
 */
export function calibratedHardware(measured: Measured, others: HardwareSpec): HardwareSpec {
  const { backend, adapter, results, launchSeconds, launches, moeLayers } = measured;
  const resultOf = (kernel: (typeof calibrationKernels)[number]) => {
    const found = results.find((result) => result.kernel === kernel);
    if (found === undefined) throw new RangeError(`a calibration needs the kernel ${kernel}`);
    return found;
  };
  const [experts, dispatch] = [resultOf("expert-ffn"), resultOf("dispatch")];
  const flops = experts.gflops! * 1e9;
  const how = ({ kernel, size }: Rated) => `${MEASURED} (${backend} on ${adapter}): ${kernel}, ${size}`;
  const step = PASSES * launches * moeLayers;
  const sources = {
    "fp16Flops, fp8Flops": `${how(experts)}; a plain kernel in single precision, not the rate of tensor cores or of a tuned library`,
    computeEfficiency: `${how(experts)}: the rates above are attained ones`,
    memoryBytesPerSecond: `${how(dispatch)}; bytes of inputs and results, over bandwidthEfficiency, which it is subject to`,
    stepOverheadSeconds: `${MEASURED} (${backend} on ${adapter}): ${step} launches a step of ${(launchSeconds * 1e6).toPrecision(3)} microseconds`,
  };
  return {
    ...others,
    name: adapter,
    fp16Flops: flops,
    fp8Flops: flops,
    computeEfficiency: 1,
    // The efficiency stays for the links, so the memory's rate is stated as if it were subject to it, too.
    memoryBytesPerSecond: (dispatch.gigabytesPerSecond! * 1e9) / others.bandwidthEfficiency,
    stepOverheadSeconds: step * launchSeconds,
    sources: { ...sources, ...keptSources(others, new Set(Object.keys(sources).flatMap((names) => names.split(", ")))) },
  };
}

/** Sources of the figures that a calibration leaves as they are. */
function keptSources(others: HardwareSpec, measured: ReadonlySet<string>): Record<string, string> {
  const known = Object.entries(others.sources ?? {}).flatMap(([names, source]) =>
    names.split(", ").map((name) => [name, source] as const),
  );
  const sourceOf = new Map(known);
  const fields = Object.keys(others).filter((name) => name !== "name" && name !== "sources" && !measured.has(name));
  return Object.fromEntries(
    fields.map((name) => {
      const source = sourceOf.get(name) ?? sourceOf.get("all");
      return [name, `${KEPT} ${others.name}${source === undefined ? "" : `: ${source}`}`];
    }),
  );
}
