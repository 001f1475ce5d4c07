import { describe, expect, test } from "vitest";
import { hardwarePreset, hardwarePresetNames, modelPreset, modelPresetNames } from "../../src/formats/presets/index.ts";
import { inProcess } from "../support/inProcess.ts";

describe("presets", () => {
  test("one is printed as a file that --model takes", async () => {
    for (const name of modelPresetNames) {
      const { stdout, code } = await inProcess(["presets", name]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual(modelPreset(name));
    }
  });

  test("every figure has its source", async () => {
    const { stdout } = await inProcess(["presets", "--format", "csv"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("kind,name,field,value,source");
    expect(lines.filter((line) => line.endsWith(","))).toEqual([]);
    expect(stdout).toContain("model,glm-4.5,experts,160,config.json of zai-org/GLM-4.5");
    expect(lines.length).toBeGreaterThan(10 * (modelPresetNames.length + hardwarePresetNames.length));
  });

  test("sources name fields that there are", () => {
    for (const spec of [...modelPresetNames.map(modelPreset), ...hardwarePresetNames.map(hardwarePreset)]) {
      const fields = Object.keys(spec!.sources ?? {}).flatMap((names) => names.split(", "));
      for (const field of fields) if (field !== "all") expect(Object.keys(spec!)).toContain(field);
    }
  });

  test("the table fits 80 columns and names all of them", async () => {
    const { stdout } = await inProcess(["presets", "--format", "table"]);
    for (const name of [...modelPresetNames, ...hardwarePresetNames]) expect(stdout).toContain(`${name} `);
    const rows = stdout.split("\n").filter((line) => !line.startsWith("`"));
    expect(Math.max(...rows.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.each([
    [["presets", "glm"], /^lazarus: there is no preset "glm"; did you mean glm-4\.5\?\n$/],
    [["presets", "mixtral"], /^lazarus: there is no preset "mixtral"; did you mean mixtral-8x7b or mixtral-8x22b\?\n$/],
    [["presets", "zzz"], /^lazarus: there is no preset "zzz"; `lazarus presets` lists them\n$/],
    [["presets", "h100", "--format", "csv"], /^lazarus: --format csv: one preset is printed as JSON; leave NAME out/],
    [
      ["place", "fixtures/serving.csv", "-n", "2", "-c", "8", "--model", "deepseek-r2"],
      /^lazarus: --model: .*did you mean deepseek-/,
    ],
  ])("%j is refused", async (words, message) => {
    const { stderr, code } = await inProcess(words);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test("place takes dense layers from --model, and says where the loads are another model's", async () => {
    const place = ["place", "fixtures/routing.csv", "-n", "4", "-c", "8", "--effort", "fast", "--format", "sglang"];
    const typed = await inProcess([...place, "--num-dense-layers", "3"]);
    const known = await inProcess([...place, "--model", "glm-4.5"]);
    expect(known.stdout).toBe(typed.stdout);
    expect(known.stderr).toContain("the profile has 4 layers, glm-4.5 has 89 MoE layers; figures are for 4\n");
    expect(known.stderr).toContain("the profile has 16 experts, glm-4.5 has 160\n");
  });
});
