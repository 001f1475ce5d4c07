/** Models and hardware that come with the program. Users can copy a file, change it and name it instead. */
import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import { checkHardware } from "../hardwareFile.ts";
import { checkModel } from "../modelFile.ts";
import a10g from "./a10g.json" with { type: "json" };
import a100 from "./a100.json" with { type: "json" };
import b200 from "./b200.json" with { type: "json" };
import deepseekV2 from "./deepseek-v2.json" with { type: "json" };
import deepseekV3 from "./deepseek-v3.json" with { type: "json" };
import gb200Nvl72 from "./gb200-nvl72.json" with { type: "json" };
import glm45 from "./glm-4.5.json" with { type: "json" };
import gptL from "./gpt-l.json" with { type: "json" };
import gptM from "./gpt-m.json" with { type: "json" };
import gptOss120b from "./gpt-oss-120b.json" with { type: "json" };
import gptS from "./gpt-s.json" with { type: "json" };
import h100 from "./h100.json" with { type: "json" };
import h200 from "./h200.json" with { type: "json" };
import h800 from "./h800.json" with { type: "json" };
import kimiK2 from "./kimi-k2.json" with { type: "json" };
import mi300x from "./mi300x.json" with { type: "json" };
import mixtral8x7b from "./mixtral-8x7b.json" with { type: "json" };
import mixtral8x22b from "./mixtral-8x22b.json" with { type: "json" };
import qwen3235bA22b from "./qwen3-235b-a22b.json" with { type: "json" };
import rtx3090 from "./rtx3090.json" with { type: "json" };

const models = new Map<string, unknown>(
  [gptS, gptM, gptL, mixtral8x7b, mixtral8x22b, deepseekV2, deepseekV3, kimiK2, qwen3235bA22b, gptOss120b, glm45].map((model) => [
    model.name,
    model,
  ]),
);
// The same network, trained further.
models.set("deepseek-r1", { ...deepseekV3, name: "deepseek-r1" });
const hardware = new Map<string, unknown>(
  [rtx3090, a10g, a100, h800, h100, h200, b200, gb200Nvl72, mi300x].map((machine) => [machine.name, machine]),
);

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
