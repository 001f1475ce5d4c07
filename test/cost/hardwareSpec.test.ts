import { expect, test } from "vitest";
import { nodeBytesPerSecond } from "../../src/core/cost/hardwareSpec.ts";
import { hardwarePreset } from "../../src/formats/presets/index.ts";

test("a node sends over the adapters of all its GPUs", () => {
  expect(nodeBytesPerSecond(hardwarePreset("h200")!)).toBe(8 * 50e9 * 0.85);
  expect(nodeBytesPerSecond({ ...hardwarePreset("h200")!, gpusPerNode: 2, bandwidthEfficiency: 0.5 })).toBe(50e9);
});
