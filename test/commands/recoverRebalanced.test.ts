/** recover by the incremental policies: what the document's operations lead to, and what is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fewestHosts } from "../../src/core/layout/placement.ts";
import { type Operation, replay } from "../../src/core/rebalance/operations.ts";
import { REBALANCING_POLICIES } from "../../src/core/rebalance/rebalance.ts";
import { checkPlacement, placementOf } from "../../src/formats/documents/placement.ts";
import { checkRecoveryPlan } from "../../src/formats/documents/recoveryPlan.ts";
import { inProcess } from "../support/inProcess.ts";

const OLD = [
  [9, 7, 5, 3, 2, 1],
  [1, 2, 3, 5, 7, 9],
];
const NOW = [
  [2, 7, 5, 3, 9, 30],
  [1, 2, 30, 5, 7, 9],
];
let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-rebalanced-"));
  for (const [name, loads] of Object.entries({ old: OLD, now: NOW })) {
    writeFileSync(at(`${name}-loads.json`), JSON.stringify(loads));
    expect((await inProcess(["profile-load", at(`${name}-loads.json`), "-o", at(`${name}.json`)])).code).toBe(0);
  }
  const place = ["place", at("old.json"), "-n", "6", "--min-replicas", "2"];
  for (const placement of ["balanced", "mro", "resilient"])
    expect((await inProcess([...place, "-c", "4", "--placement", placement, "-o", at(`${placement}.json`)])).code).toBe(0);
  expect((await inProcess([...place, "-c", "2", "--placement", "mro", "-o", at("tight.json")])).code).toBe(0);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function recovered(plan: string, ...words: string[]) {
  const { code, stdout, stderr } = await inProcess(["recover", at(plan), "--profile", at("now.json"), ...words]);
  expect([code, stderr.includes("error")]).toEqual([0, false]);
  return { plan: checkRecoveryPlan(JSON.parse(stdout), "stdout"), stderr };
}

const operationsOf = (operations: readonly Record<string, unknown>[], bytes: number) =>
  operations.map(({ bytes: moved, ...rest }) => ({ ...rest, fetched: (moved as number) / bytes }) as unknown as Operation);

describe.each(["balanced", "mro"])("a plan of %s", (made) => {
  test.each(REBALANCING_POLICIES)("its operations by %s lead from the old placement to the new one", async (by) => {
    const { plan } = await recovered(`${made}.json`, "--placement", by, "--expert-bytes", "1MB");
    const document = checkPlacement(JSON.parse(readFileSync(at(`${made}.json`), "utf8")), made);
    const old = placementOf(document);
    const placed = plan.placement!;
    const replayed = replay(old, operationsOf(plan.operations!, 1e6));
    expect(plan.operations!.length).toBeGreaterThan(0);
    expect(replayed.layers.map(({ nodes }) => nodes)).toEqual(placed.layers.map(({ nodes }) => nodes));
    expect(placed.layers.map(({ loads }) => loads)).toEqual(NOW);
    expect(placed.policy).toEqual(document.policy);
    expect(Math.min(...placementOf(placed).layers.map(fewestHosts))).toBeGreaterThanOrEqual(2);
    placed.recovery!.failures.forEach(({ failed, probability }) => {
      if (failed < 2) expect(probability).toBe(1);
    });
    expect(plan.repair!.repair!.survival).toBeGreaterThanOrEqual((await survivalUntouched(made)) - 1e-9);
    for (const { kind, before, after } of plan.operations!)
      if (kind === "migrate") expect(after).toBeLessThanOrEqual(before + 1e-9);
    const arrived = plan.transfers!.map(({ layer, expert, to }) => `${layer}/${expert}/${to}`);
    const missing = placed.layers.flatMap(({ layer, nodes }, l) =>
      nodes.flatMap((held, n) =>
        [...new Set(held)]
          .filter((expert) => expert >= 0 && !old.layers[l]!.nodes[n]!.includes(expert))
          .map((expert) => `${layer}/${expert}/${placed.nodes[n]!.name}`),
      ),
    );
    expect(arrived.sort()).toEqual(missing.sort());
  });
});

/** Survival of a plan in which nothing moves. */
async function survivalUntouched(made: string): Promise<number> {
  const { plan } = await recovered(`${made}.json`, "--placement", "flexmoe", "--max-moves", "0", "--balance-threshold", "999");
  expect(plan.operations).toEqual([]);
  return plan.repair!.repair!.survival;
}

test("--max-moves limits the copies that are fetched, --balance-threshold what is touched", async () => {
  const fetched = async (...words: string[]) => {
    const { plan } = await recovered(
      "balanced.json",
      "--placement",
      "fewest-moves",
      "--shares",
      "even",
      "--expert-bytes",
      "1MB",
      ...words,
    );
    return plan.operations!.reduce((sum, { bytes }) => sum + bytes / 1e6, 0);
  };
  const all = await fetched();
  expect(all).toBeGreaterThan(1);
  expect(await fetched("--max-moves", "1")).toBe(1);
  expect(await fetched("--balance-threshold", "1.02")).toBeGreaterThanOrEqual(all);
  expect(await fetched("--least-gain", "900")).toBe(0);
});

test("without a free slot and an expert above f nothing moves, in a line", async () => {
  const { plan, stderr } = await recovered(
    "tight.json",
    "--placement",
    "flexmoe",
    "--max-moves",
    "0",
    "--balance-threshold",
    "1",
  );
  expect([plan.operations, plan.transfers, plan.time!.regroupSeconds]).toEqual([[], [], 0]);
  expect(stderr).toMatch(/nothing can move, as no slot is free and no expert is on more than 2 nodes: 0, 1\n/);
  expect((await recovered("balanced.json", "--placement", "flexmoe", "--balance-threshold", "9")).stderr).toMatch(
    /nothing moves: no layer is above 9/,
  );
});

test.each(REBALANCING_POLICIES)("%s leaves alone what could only be moved at the cost of survival", async (by) => {
  const { plan, stderr } = await recovered("resilient.json", "--placement", by);
  expect([plan.operations, plan.moved]).toEqual([[], 0]);
  expect(stderr).toMatch(/nothing moves: .* survives less/);
});

test("the table lists the operations", async () => {
  const words = ["--profile", at("now.json"), "--placement", "flexmoe", "--format", "table"];
  const { code, stdout } = await inProcess(["recover", at("balanced.json"), ...words]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^operation +layer +expert +rank +bytes +busiest over mean$/m);
  expect(stdout).toMatch(/^expand +\d +\d +\d > \d +[\d ]+ +\d\.\d{3} > \d\.\d{3}$/m);
});

test.each([
  [["--placement", "flexmoe", "--failed", "node0", "--profile", "now"], /--placement flexmoe moves .*--failed/],
  [["--placement", "flexmoe", "--failed", "node0"], /recover with --failed first/],
  [["--placement", "flexmoe", "--prefer", "anew", "--profile", "now"], /--prefer anew: .* always repairs/],
  [["--placement", "flexmoe", "--least-gain", "0.1", "--profile", "now"], /--least-gain is for --placement fewest-moves/],
  [["--balance-threshold", "1.1", "--profile", "now"], /--balance-threshold is for --placement flexmoe and fewest-moves/],
])("%j is refused", async (words, expected) => {
  const { code, stderr } = await inProcess([
    "recover",
    at("balanced.json"),
    ...words.map((word) => (word === "now" ? at("now.json") : word)),
  ]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
});

test("a plan that moves by newer loads keeps its dead ranks, and says what it survives with reload", async () => {
  const place = [
    "place",
    at("old.json"),
    "-n",
    "6",
    "-c",
    "4",
    "--min-replicas",
    "2",
    "--placement",
    "mro",
    "--host-copies",
    "2",
  ];
  expect((await inProcess([...place, "-o", at("hosted.json")])).code).toBe(0);
  const fail = ["recover", at("hosted.json"), "--failed", "node5", "--keep-ranks", "--expert-bytes", "1MB"];
  expect((await inProcess([...fail, "-o", at("five.json")])).code).toBe(0);
  const { placement } = checkRecoveryPlan(JSON.parse(readFileSync(at("five.json"), "utf8")), "five.json");
  const { plan } = await recovered("five.json", "--trigger", "ratio:1.01", "--expert-bytes", "1MB");
  expect(plan.decision!.move).toBe(true);
  expect(plan.placement!.nodes).toEqual(placement!.nodes);
  expect(plan.placement!.nodes.filter(({ slots }) => slots === 0)).toHaveLength(1);
  expect(plan.placement!.survivalWithHostMemory!.copies).toBe(placement!.survivalWithHostMemory!.copies);
});

describe("--if-worth", () => {
  const worth = (steps: number, ...words: string[]) =>
    recovered(
      "balanced.json",
      ...["--if-worth", "--model", "gpt-s", "--hardware", "rtx3090", "--review-steps", String(steps)],
      ...["--placement", "flexmoe", ...words],
    );

  test("moves from the steps on at which it has paid off, and otherwise leaves the plan as it is", async () => {
    const few = (await worth(1)).plan;
    const { gainSeconds, costSeconds, breakEvenSteps } = few.decision!;
    expect(few).toMatchObject({ moved: 0, transfers: [], decision: { move: false, reviewSteps: 1 } });
    expect(few.placement).toEqual(checkPlacement(JSON.parse(readFileSync(at("balanced.json"), "utf8")), "old"));
    expect(breakEvenSteps).toBe(Math.ceil(costSeconds! / gainSeconds!));
    const many = await worth(breakEvenSteps! + 1);
    expect(many.plan.decision!.move).toBe(true);
    expect(many.plan.operations!.length).toBeGreaterThan(0);
    expect(many.plan.time!.transferSeconds + many.plan.time!.regroupSeconds).toBe(costSeconds);
    expect(many.stderr).toMatch(/moves 4 copies: moving saves [\d.e+]+ s in \d+ steps, costs [\d.]+ s, pays off after \d+ steps/);
    expect((await worth(breakEvenSteps! - 1)).plan.decision!.move).toBe(false);
  });

  test.each([
    [["--if-worth", "--failed", "node0"], /weighs newer loads alone/],
    [["--if-worth", "--profile", "now", "--model", "gpt-s"], /--if-worth needs --model and --hardware/],
    [["--hardware", "rtx3090", "--profile", "now"], /--hardware times steps together with --model/],
  ])("%j is refused", async (words, expected) => {
    const said = words.map((word) => (word === "now" ? at("now.json") : word));
    const { code, stderr } = await inProcess(["recover", at("balanced.json"), ...said]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  });
});
