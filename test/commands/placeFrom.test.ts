/** place --from: what recover by the same policy comes to, without nodes' change, transfers or a decision. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { replay } from "../../src/core/rebalance/operations.ts";
import { checkPlacement, placementOf } from "../../src/formats/documents/placement.ts";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const OLD = [
  [9, 7, 5, 3, 2, 1],
  [1, 2, 3, 5, 7, 9],
];
const NOW = [
  [2, 7, 5, 3, 9, 30],
  [1, 2, 30, 5, 7, 9],
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-from-"));
  for (const [name, loads] of Object.entries({ old: OLD, now: NOW })) {
    writeFileSync(at(`${name}-loads.json`), JSON.stringify(loads));
    expect((await inProcess(["profile-load", at(`${name}-loads.json`), "-o", at(`${name}.json`)])).code).toBe(0);
  }
  for (const shares of ["even", "free"]) {
    const words = ["-n", "6", "-c", "3", "-f", "1", "--effort", "fast", "--placement", "balanced", "--shares", shares];
    expect((await inProcess(["place", at("old.json"), ...words, "-o", at(`${shares}.json`)])).code).toBe(0);
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function from(plan: string, ...words: string[]) {
  const { code, stdout, stderr } = await inProcess(["place", at("now.json"), "--from", at(plan), ...words]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^lazarus: (\d+ operations fetch \d+ cop|nothing moves)/)]);
  return { placement: checkPlacement(JSON.parse(stdout), "stdout"), fetched: Number(/fetch (\d+)/.exec(stderr)?.[1] ?? 0) };
}

test.each([
  ["even.json", "flexmoe"],
  ["even.json", "fewest-moves"],
  ["free.json", "fewest-moves"],
])("from %s by %s: the placement that recover comes to", async (plan, by) => {
  const words = ["--placement", by, "--balance-threshold", "1.05"];
  const { placement, fetched } = await from(plan, ...words, "--expert-bytes", "1B");
  const { stdout } = await inProcess(["recover", at(plan), "--profile", at("now.json"), "--expert-bytes", "1B", ...words]);
  const recovered = JSON.parse(stdout);
  const { operations, ...placed } = placement;
  expect(placed).toEqual(checkPlacement(recovered.placement, "recovered"));
  expect(operations).toEqual(recovered.operations);
  const old = placementOf(checkPlacement(JSON.parse(readFileSync(at(plan), "utf8")), plan));
  const replayed = replay(
    old,
    operations!.map(({ bytes, ...rest }) => ({ ...rest, fetched: bytes })),
  );
  expect(replayed.layers.map(({ nodes }) => nodes)).toEqual(placement.layers.map(({ nodes }) => nodes));
  expect(fetched).toBe(recovered.operations.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0));
  expect(fetched).toBeGreaterThan(0);
});

test.each(["balanced", "resilient"])(
  "%s goes on under either shares, closer to even by the balance that they ask for",
  async (by) => {
    for (const shares of ["even", "free"] as const) {
      const kept = await from("even.json", "--placement", by, "--shares", shares, "--balance-threshold", "999");
      const { placement, fetched } = await from("even.json", "--placement", by, "--shares", shares);
      const balance = shares === "even" ? "even" : "optimal";
      expect([fetched > 0, kept.fetched]).toEqual([true, 0]);
      expect(placement.balance![balance]).toBeLessThan(kept.placement.balance![balance]);
      expect(placement.policy).toMatchObject({ placement: by, shares, minReplicas: 1 });
      expect(placement.recovery!.survival!).toBeGreaterThanOrEqual(kept.placement.recovery!.survival! - 1e-9);
      expect((await from("even.json", "--placement", by, "--shares", shares, "--max-moves", "1")).fetched).toBe(1);
    }
  },
);

test("with model and hardware, moves are judged by the time of a layer: where synchronising costs most, fewer copies are made", async () => {
  const hardware = JSON.parse(readFileSync(`${root}src/formats/presets/rtx3090.json`, "utf8"));
  const slow = { ...hardware, name: "slow", networkBytesPerSecond: 1e3 };
  writeFileSync(at("slow.json"), JSON.stringify(slow));
  const words = ["--placement", "balanced", "--shares", "even", "--balance-threshold", "1"];
  const byLoad = await from("even.json", ...words);
  const byTime = await from("even.json", ...words, "--model", "gpt-s", "--hardware", at("slow.json"));
  const copies = ({ placement }: typeof byLoad) =>
    placement.layers.flatMap(({ nodes }) => nodes.map((held) => new Set(held).size));
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  expect(byTime.placement.layers).not.toEqual(byLoad.placement.layers);
  expect(sum(copies(byTime))).toBeLessThanOrEqual(sum(copies(byLoad)));
});

test("operations count bytes as the model has them, and keep the numbers of ranks beside dead ones", async () => {
  const words = ["--placement", "fewest-moves", "--balance-threshold", "1.05"];
  const { placement } = await from("even.json", ...words, "--model", "gpt-s");
  expect(placement.operations!.map(({ bytes }) => bytes).filter((bytes) => bytes > 0)[0]).toBe(66_060_288);
  const failed = ["recover", at("even.json"), "--failed", "node2", "--keep-ranks", "--expert-bytes", "1B", "-o", at("kept.json")];
  expect((await inProcess(failed)).code).toBe(0);
  const kept = (await from("kept.json", ...words, "--expert-bytes", "1B")).placement;
  const ranks = kept.operations!.flatMap((operation) => ("to" in operation ? [operation.from, operation.to] : [operation.from]));
  expect([ranks.length > 0, ranks.includes(2), Math.max(...ranks)]).toEqual([true, false, 5]);
});

test("several profiles are gone through one after the other", async () => {
  const series = `${readFileSync(at("now.json"), "utf8")}${readFileSync(at("old.json"), "utf8")}`;
  const { stdout } = await inProcess(["place", "--from", at("even.json"), "--placement", "fewest-moves"], series);
  const [first, second] = stdout.trim().split("\n");
  writeFileSync(at("first.json"), `${first}\n`);
  const again = await inProcess(["place", at("old.json"), "--from", at("first.json"), "--placement", "fewest-moves"]);
  expect(again.stdout).toBe(`${second}\n`);
});

test.each([
  [["--placement", "flexmoe"], /--placement flexmoe goes on from a plan: pass --from OLD/],
  [["--max-moves", "3"], /--max-moves is for --from/],
  [["--from", "even.json", "-n", "4"], /--nodes: --from keeps the nodes/],
  [
    ["--from", "even.json", "--placement", "mro"],
    /--from goes with --placement resilient, balanced, flexmoe, fewest-moves, not mro/,
  ],
  [["--from", "even.json", "--placement", "flexmoe", "--shares", "free"], /flexmoe counts on even shares/],
])("%j is refused", async (words, expected) => {
  const files = words.map((word) => (word.endsWith(".json") ? at(word) : word));
  const { code, stderr } = await inProcess(["place", at("now.json"), ...files]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
});
