/** Plans acted out by the built program: tiers, drained nodes, GPUs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lazarus } from "../support/lazarus.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-rehearsals-"));
  expect(lazarus(["profile-load", "fixtures/routing.csv", "-o", join(folder, "profile.json")]).code).toBe(0);
  for (const [name, words] of [
    ["thin.json", ["-n", "6", "-c", "4"]],
    ["pairs.json", ["-n", "4", "--gpus", "2", "-c", "12"]],
  ] as const)
    expect(lazarus(["place", join(folder, "profile.json"), ...words, "-o", join(folder, name)]).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rehearsed(plan: string, ...words: string[]) {
  const line = ["recover", join(folder, plan), "--expert-bytes", "1GB", "--rehearse", "--rehearse-bytes", "3000", ...words];
  const { code, stdout, stderr } = lazarus(line);
  expect(`${code} ${stderr}`).toBe("0 ");
  return JSON.parse(stdout);
}

test("every hash is right where experts come from host memory, the store and nodes that leave", () => {
  // node4 alone holds twelve experts, of which node5 has copies; what node3 alone holds is in the store.
  const plan = rehearsed(
    "thin.json",
    ...["--failed", "node4,node3", "--drain", "node0", "--joined", "2"],
    ...["--restore", "host=25GBps,store=2GBps", "--host-copies-of", "neighbour"],
  );
  const of = (tier: string) => plan.restored.filter((copy: { tier: string }) => copy.tier === tier).length;
  expect(of("host")).toBeGreaterThan(0);
  expect(of("store")).toBeGreaterThan(0);
  expect(plan.transfers.some(({ from }: { from: string }) => from === "node0")).toBe(true);
  expect(plan.rehearsal).toEqual({
    passed: true,
    killed: ["node3", "node4"],
    transfers: plan.transfers.length,
    bytesMoved: plan.transfers.length * 3000,
    read: of("store"),
    faults: [],
    verified: expect.any(Number),
  });
});

test("a GPU that fails, and ranks that are kept", () => {
  const gpu = rehearsed("pairs.json", "--failed", "node1:0");
  expect(gpu.rehearsal).toMatchObject({ passed: true, killed: [] });
  const kept = rehearsed("pairs.json", "--failed", "node2", "--keep-ranks");
  expect(kept.rehearsal).toMatchObject({ passed: true, killed: ["node2"] });
});

test("what was acted out keeps to the table's width", () => {
  const words = ["--expert-bytes", "1GB", "--restore", "store=2GBps", "--rehearse", "--format", "table"];
  const { code, stdout } = lazarus(["recover", join(folder, "thin.json"), "--failed", "node4", ...words]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Rehearsed: /m);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});
