/** Models and hardware that come with the program. Users can copy a file, change it and name it instead. */
import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import { checkHardware } from "../hardwareFile.ts";
import { checkModel } from "../modelFile.ts";
import a10g from "./a10g.json" with { type: "json" };
import deepseekV3 from "./deepseek-v3.json" with { type: "json" };
import gptL from "./gpt-l.json" with { type: "json" };
import gptM from "./gpt-m.json" with { type: "json" };
import gptS from "./gpt-s.json" with { type: "json" };
import h200 from "./h200.json" with { type: "json" };
import rtx3090 from "./rtx3090.json" with { type: "json" };

const models = new Map<string, unknown>([gptS, gptM, gptL, deepseekV3].map((model) => [model.name, model]));
const hardware = new Map<string, unknown>([rtx3090, a10g, h200].map((machine) => [machine.name, machine]));

/** Names of the models. */
export const modelPresetNames: readonly string[] = [...models.keys()];

/** Names of the kinds of hardware. */
export const hardwarePresetNames: readonly string[] = [...hardware.keys()];

/** A model that comes with the program; undefined for any other name. */
export function modelPreset(name: string): ModelSpec | undefined {
  return models.has(name) ? checkModel(models.get(name), name) : undefined;
}

/** Hardware that comes with the program; undefined for any other name. */
export function hardwarePreset(name: string): HardwareSpec | undefined {
  return hardware.has(name) ? checkHardware(hardware.get(name), name) : undefined;
}
