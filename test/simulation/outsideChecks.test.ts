import { expect, test } from "vitest";
import type { HardwareSpec } from "../../src/core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../src/core/cost/modelSpec.ts";
import { outsideChecks } from "../../src/dev/reproduction/outsideChecks.ts";
import { isMet } from "../../src/dev/reproduction/outsideTable.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";
import { gptS, rtx3090 } from "../support/simulation.ts";

test("closed forms and published figures of others come out", () => {
  const deepSeek = modelPreset("deepseek-v3") as ModelSpec;
  const h200 = hardwarePreset("h200") as HardwareSpec;
  const h800 = hardwarePreset("h800") as HardwareSpec;
  const checks = outsideChecks({ small: gptS, testbed: rtx3090, deepSeek, h200, h800 });
  expect(checks.filter((check) => !isMet(check))).toEqual([]);
});
