/** Measures what bench is to measure. */

import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import { layerForm } from "../core/cost/layerForm.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import type { BenchSizes } from "../formats/benchSizes.ts";
import type { BenchDocument } from "../formats/documents/bench.ts";
import { adapterPeaks } from "../gpu/adapterPeaks.ts";
import type { Backend } from "../gpu/backend.ts";
import type { BackendName } from "../gpu/backendNames.ts";
import type { BenchKernel } from "../gpu/benchKernel.ts";
import { benchKernels, type KernelName } from "../gpu/benchKernels.ts";
import { type BenchResult, benchmark } from "../gpu/benchmark.ts";
import { calibratedHardware, calibrationKernels } from "../gpu/calibration.ts";
import { WrongResult } from "../gpu/checkResult.ts";
import { layerLaunches } from "../gpu/kernels/layer.ts";
import { launchSeconds } from "../gpu/launchOverhead.ts";
import { comparedBy, resultKey, secondLooks } from "../gpu/regressions.ts";
import { type ChosenSetting, type SettingFor, warnOfScale } from "./benchSetting.ts";
import { checkBaseline } from "./compareWithBaseline.ts";
import { warnOfLongStep } from "./longStep.ts";
import { startProgress } from "./progress.ts";
import { openWantedBackend } from "./wantedBackend.ts";
import { openFile } from "./writeFile.ts";

/** What is to be measured, and how. */
export interface BenchTask {
  readonly backend: "auto" | BackendName;
  readonly kernels: readonly KernelName[];
  readonly settingFor: SettingFor;
  /** A size to go through. */
  readonly scaling: { readonly name: keyof BenchSizes; readonly values: readonly number[] } | undefined;
  readonly model: ModelSpec | undefined;
  readonly repetitions: number;
  readonly seed: number;
  readonly baseline: { readonly document: BenchDocument; readonly file: string; readonly maxRegression: number } | undefined;
  /** The hardware file to write, and where its other figures are from. */
  readonly calibrate: { readonly file: string; readonly others: HardwareSpec } | undefined;
}

type Result = BenchDocument["results"][number];

/** A setting, and the value of the scaled size in it. */
interface Chosen extends ChosenSetting {
  readonly scaled: number | undefined;
}

/**
 * The document of a bench; what is slower than a baseline allows was measured three times.
 * @throws UsageError on sizes that the device does not take; InputError on a baseline that cannot be compared with
 * @throws MachineError when no backend works as wanted, or a result is wrong
 */
export async function runBench(task: BenchTask): Promise<BenchDocument> {
  const { scaling, settingFor, seed, baseline } = task;
  const writeHardware = task.calibrate && openFile(task.calibrate.file);
  const kernels = task.calibrate === undefined ? task.kernels : [...new Set([...task.kernels, ...calibrationKernels])];
  const backend = await openWantedBackend(task.backend, "bench runs");
  try {
    const { name, adapter, software, largestArrayBytes } = backend;
    const host = { isGpu: backend.holdsArrays && !software, largestArrayBytes };
    const settings: Chosen[] = scaling
      ? scaling.values.map((scaled) => ({ ...settingFor(host, { [scaling.name]: scaled }), scaled }))
      : [{ ...settingFor(host), scaled: undefined }];
    const [{ layer, plan } = settings[0]!] = settings;
    warnOfScale(task.model, settings[0]!);
    const opened = { backend: name, adapter, software, layer };
    if (baseline) checkBaseline(baseline.document, baseline.file, opened);
    let results = await measureAll(backend, kernels, settings, task.repetitions);
    if (baseline) {
      const again = async (suspect: Pick<Result, "kernel" | "size">) => {
        const { kernel, scaled } = kernelLike(suspect, kernels, settings);
        return resultOf(await benchmark(backend, kernel, task.repetitions), scaled);
      };
      results = await secondLooks(results, baseline.document.results, baseline.maxRegression, comparedBy(opened), again);
    }
    if (writeHardware !== undefined && task.model !== undefined)
      await writeHardware(await calibrated(backend, results, task.calibrate!.others, task.model, task));
    const peak = adapterPeaks(adapter, software);
    return {
      type: "bench",
      version: 1,
      ...opened,
      ...(peak === undefined ? {} : { peak }),
      seed,
      ...(plan === undefined ? {} : { plan }),
      ...(scaling === undefined ? {} : { scaling: scaling.name }),
      results,
    };
  } catch (error) {
    if (!(error instanceof WrongResult)) throw error;
    throw new WrongResult(`${backend.name}: ${error.message}; these times would mean nothing`);
  } finally {
    await backend.close();
  }
}

/** Every kernel in every setting; one that the scaled size does not touch is measured once. */
async function measureAll(
  backend: Backend,
  kernels: readonly KernelName[],
  settings: readonly Chosen[],
  repetitions: number,
): Promise<Result[]> {
  const results: Result[] = [];
  const known = new Set<string>();
  const whole = kernels.length * settings.length;
  const progress = await startProgress(`measuring on ${backend.name}`, whole, (count) => `${Math.floor(count)} kernels`);
  let done = 0;
  try {
    for (const { setting, scaled } of settings) {
      for (const kernel of benchKernels(kernels, setting)) {
        if (!known.has(keyOf(kernel))) {
          const follow = (share: number) => progress.update(done + share);
          results.push(resultOf(await benchmark(backend, kernel, repetitions, follow), scaled));
          known.add(keyOf(kernel));
        }
        progress.update(++done);
      }
    }
  } finally {
    progress.stop();
  }
  return results;
}

function keyOf({ name, size }: BenchKernel): string {
  return resultKey({ kernel: name, size });
}

function resultOf(result: BenchResult, scaled: number | undefined): Result {
  return { ...result, ...(scaled === undefined ? {} : { scaled }), checked: true };
}

/** The kernel that a result is of, made anew. */
function kernelLike(
  suspect: Pick<Result, "kernel" | "size">,
  kernels: readonly KernelName[],
  settings: readonly Chosen[],
): { kernel: BenchKernel; scaled: number | undefined } {
  const named = kernels.filter((name) => name === suspect.kernel);
  for (const { setting, scaled } of settings) {
    for (const kernel of benchKernels(named, setting)) if (keyOf(kernel) === resultKey(suspect)) return { kernel, scaled };
  }
  throw new RangeError(`no kernel is ${resultKey(suspect)}`);
}

/** A hardware file with the measured rates. */
async function calibrated(
  { name, adapter, device }: Backend,
  results: readonly Result[],
  others: HardwareSpec,
  model: ModelSpec,
  { repetitions }: BenchTask,
): Promise<string[]> {
  const launch = device === undefined ? 0 : await launchSeconds(device, repetitions);
  const launches = layerLaunches(layerForm(model));
  const figures = { backend: name, adapter, results, launchSeconds: launch, launches, moeLayers: model.layers };
  const hardware = calibratedHardware(figures, others);
  warnOfLongStep(model, hardware);
  return [`${JSON.stringify(hardware, null, 2)}\n`];
}
