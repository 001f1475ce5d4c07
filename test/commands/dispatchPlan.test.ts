import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-dispatch-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const routing = file(
  "routing.csv",
  `iteration,layer,rank,expert,tokens\n${Array.from({ length: 48 }, (_, i) => `0,${i % 2},${(i >> 1) % 4},${i >> 3},${i * 7 + 1}`).join("\n")}\n`,
);
let profile: string;
let placement: string;

beforeAll(async () => {
  profile = file("profile.json", (await inProcess(["profile-load", routing, "--method", "sum"])).stdout);
  const words = ["place", profile, "-n", "2", "-c", "6", "--gpus", "2", "--placement", "balanced", "--shares", "even", "-q"];
  placement = file("placement.json", (await inProcess(words)).stdout);
});

describe("dispatch-plan", () => {
  test.each(["sglang", "ascend", "trtllm", "vllm"])(
    "a plan for %s is dispatched like the placement it was made from",
    async (system) => {
      const words = [
        "place",
        profile,
        "-n",
        "2",
        "-c",
        "6",
        "--gpus",
        "2",
        "--placement",
        "balanced",
        "--shares",
        "even",
        "-q",
        "--format",
        system,
      ];
      const plan = file(`plan.${system}`, (await inProcess(words)).stdout);
      const own = await inProcess(["dispatch-plan", placement, "--format", "csv"]);
      expect(own.stdout.split("\n").length).toBeGreaterThan(20);
      const foreign = ["dispatch-plan", plan, "-n", "2", "--gpus", "2", "--format", "csv"];
      expect(await inProcess([...foreign, "--profile", profile])).toEqual(own);
      expect((await inProcess([...foreign, "--routing", routing])).stdout).toBe(
        (await inProcess(["dispatch-plan", placement, "--format", "csv", "--routing", routing])).stdout,
      );
      const { code, stderr } = await inProcess(foreign);
      expect([code, stderr]).toEqual([2, expect.stringContaining("give the load-profile that it was made for with --profile")]);
    },
  );

  test("routing logs that list only experts with tokens are read with --experts", async () => {
    const sparse = file("sparse.csv", "iteration,layer,rank,expert,tokens\n0,0,0,0,5\n0,0,3,1,2\n0,1,0,2,4\n");
    const words = ["dispatch-plan", placement, "--routing", sparse, "--format", "csv"];
    expect((await inProcess(words)).stderr).toContain("there are 3 experts; expected the 6 of the placement");
    const { code, stdout } = await inProcess([...words, "--experts", "6"]);
    expect([
      code,
      stdout
        .split("\n")
        .slice(1, -1)
        .reduce((sum, row) => sum + Number(row.split(",")[4]), 0),
    ]).toEqual([0, 11]);
  });

  test("options for --routing are refused without it", async () => {
    for (const idle of [
      ["--experts", "6"],
      ["--physical-to-logical", "identity"],
      ["--window", "all"],
    ]) {
      const { code, stderr } = await inProcess(["dispatch-plan", placement, ...idle]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`${idle[0]} says how to read --routing FILE`)]);
    }
  });
});

test("profile-load --experts adds experts without tokens, and refuses those beyond", async () => {
  const loads = (await inProcess(["profile-load", routing, "--experts", "8", "--format", "csv"])).stdout.trim().split("\n");
  expect(loads.filter((row) => row.startsWith("0,0,"))).toHaveLength(8);
  expect(loads.at(-1)).toBe("0,1,7,0");
  expect((await inProcess(["profile-load", routing, "--experts", "5"])).stderr).toContain("expected a number below 5");
  expect((await inProcess(["profile-load", profile, "--experts", "6"])).stderr).toContain("these records name all experts");
});
