import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SimulationDocument } from "../../src/formats/documents/simulation.ts";
import { inProcess, inProcessPipe } from "../support/inProcess.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-plan-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runsOf = (stdout: string) => (JSON.parse(stdout.split("\n")[0]!) as SimulationDocument).runs;
const job = "--model gpt-l --duration 20m --checkpoint-every none";

test("a plan in a pipe is simulated on its own nodes and loads; the paper's placement does what lazarus does", async () => {
  for (const failures of ["", "--failures 5m:3"]) {
    const { code, stdout } = await inProcessPipe(
      "place fixtures/routing.csv -n 8 -c 6 --placement mro",
      `simulate ${job} ${failures} --systems lazarus`.replace("  ", " "),
    );
    expect(code).toBe(0);
    const [plan, lazarus] = runsOf(stdout);
    expect(plan!.system).toBe("plan");
    expect(plan!.samples).toBe(lazarus!.samples);
    expect(plan!.failures).toBe(failures === "" ? 0 : 1);
  }
});

test("a plan stays where nothing rebalances it, and follows the loads by its policy otherwise", async () => {
  const { stdout } = await inProcess("place fixtures/routing.csv -n 8 -c 6 --placement compact".split(" "));
  writeFileSync(at("plan.json"), stdout);
  const simulated = async (every: string) => {
    const words = `simulate fixtures/routing.csv --plan ${at("plan.json")} ${job} --rebalance-every ${every} --systems ds`;
    return runsOf((await inProcess(words.split(" "))).stdout)[0]!.seconds.rebalance;
  };
  expect(await simulated("none")).toBe(0);
  expect(await simulated("20")).toBeGreaterThan(0);
});

test("plans of engines and of recover, in CSV too; what does not fit is refused in one line", async () => {
  const place = "place fixtures/routing.csv -n 8 -c 6".split(" ");
  writeFileSync(at("sglang.json"), (await inProcess([...place, "--format", "sglang", "--shares", "even"])).stdout);
  const recovered = await inProcessPipe(place.join(" "), "recover --failed node2");
  writeFileSync(at("recovered.json"), recovered.stdout);
  writeFileSync(at("plan.csv"), (await inProcess([...place, "--format", "csv"])).stdout);
  const simulated = (...words: string[]) => inProcess(["simulate", ...job.split(" "), "--systems", "ds", ...words]);
  const engine = await simulated("fixtures/routing.csv", "--plan", at("sglang.json"), "-n", "8");
  expect(engine.stderr).toMatch(/the plan is by sglang; after failures simulate places by eplb/);
  for (const { stdout } of [engine, await simulated(at("recovered.json")), await simulated(at("plan.csv"))]) {
    expect(runsOf(stdout)[0]).toMatchObject({ system: "plan", failures: 0 });
  }
  for (const [words, message] of [
    [["--plan", at("plan.csv"), "-n", "9"], /-n 9: the plan has 8 nodes/],
    [["--plan", at("plan.csv"), "--slots", "4"], /the plan says how many slots/],
    [[at("plan.csv"), "--hardware", "h200"], /have 8 GPUs, those of the plan 1/],
  ] as const) {
    const { code, stderr } = await simulated(...words);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(message);
    expect(code).toBe(2);
  }
});
