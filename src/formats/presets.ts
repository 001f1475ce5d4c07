/** Models and hardware that come with the toolkit. */
import type { HardwareSpec } from "../core/simulation/hardwareSpec.ts";
import type { ModelSpec } from "../core/simulation/modelSpec.ts";
import a10g from "./presets/a10g.json" with { type: "json" };
import deepseekV3 from "./presets/deepseek-v3.json" with { type: "json" };
import gptL from "./presets/gpt-l.json" with { type: "json" };
import gptM from "./presets/gpt-m.json" with { type: "json" };
import gptS from "./presets/gpt-s.json" with { type: "json" };
import h200 from "./presets/h200.json" with { type: "json" };
import rtx3090 from "./presets/rtx3090.json" with { type: "json" };

/** Models by name. */
export const modelPresets = {
  "gpt-s": gptS as ModelSpec,
  "gpt-m": gptM as ModelSpec,
  "gpt-l": gptL as ModelSpec,
  "deepseek-v3": deepseekV3 as ModelSpec,
} as const;

/** Hardware by name. */
export const hardwarePresets = {
  rtx3090: rtx3090 as HardwareSpec,
  a10g: a10g as HardwareSpec,
  h200: h200 as HardwareSpec,
} as const;
