/** Models and hardware: those that come with the program by name, others from files. */
import { calibrationOf, type HardwareSpec } from "../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { IoError, UsageError } from "../errors.ts";
import { checkHardware } from "../formats/hardwareFile.ts";
import { checkModel } from "../formats/modelFile.ts";
import { hardwarePreset, hardwarePresetNames, modelPreset, modelPresetNames } from "../formats/presets/index.ts";
import { didYouMean } from "./closestWord.ts";
import { readDocument } from "./readDocuments.ts";
import { warn } from "./warn.ts";

/** The model that --model names. @throws UsageError, InputError, IoError */
export async function readModel(wanted: string): Promise<ModelSpec> {
  return modelPreset(wanted) ?? (await fromFile("model", wanted, modelPresetNames, checkModel));
}

/** The hardware that --hardware names. @throws UsageError, InputError, IoError */
export async function readHardware(wanted: string): Promise<HardwareSpec> {
  const preset = hardwarePreset(wanted);
  if (preset !== undefined) return preset;
  const hardware = await fromFile("hardware", wanted, hardwarePresetNames, checkHardware);
  const calibration = calibrationOf(hardware);
  if (calibration !== undefined) {
    const { measured, keptFrom } = calibration;
    warn(
      `${hardware.name}: ${measured} as bench measured them, with plain single-precision kernels, not at the rates of tensor cores; the rest is kept from ${keptFrom ?? "elsewhere"}`,
    );
  }
  return hardware;
}

async function fromFile<T>(
  option: string,
  wanted: string,
  names: readonly string[],
  check: (value: unknown, source: string) => T,
): Promise<T> {
  try {
    return await readDocument(wanted, check);
  } catch (error) {
    // Names of files look different from names of presets.
    if (!(error instanceof IoError) || /\/|\.json/.test(wanted)) throw error;
    throw new UsageError(
      `--${option}: "${wanted}" is no file that can be read, and no preset${didYouMean(wanted, names, "; `lazarus presets` lists them")}`,
    );
  }
}
