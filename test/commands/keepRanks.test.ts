/** Ranks keep their numbers while nodes fail, join and leave. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlacementDocument } from "../../src/formats/documents/placement.ts";
import { inProcess } from "../support/inProcess.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const SIZE = ["--expert-bytes", "1MB"];
const GPUS = 2;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-ranks-"));
  await made(["profile-load", "fixtures/routing.csv", "-o", at("profile.json")]);
  for (const format of ["json", "vllm"]) {
    const nodes = ["-n", "gpu[1-5]", "--gpus", `${GPUS}`, "-c", "8", "--placement", "balanced", "--shares", "even"];
    await made(["place", at("profile.json"), ...nodes, "--format", format, "-o", at(`plan.${format}`)]);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function made(words: string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await inProcess(words, input);
  expect(`${code} ${stderr}`, words.join(" ")).toMatch(/^0 /);
  return stdout;
}

async function recovered(plan: string, ...words: string[]) {
  return JSON.parse(await made(["recover", plan, ...SIZE, ...words]));
}

/** Names of the ranks' nodes: which node every rank is of, a dash before those of dead ones. */
function ranksOf({ nodes }: PlacementDocument): string[] {
  return nodes.flatMap(({ name, gpus, deadGpus = [] }) =>
    Array.from({ length: gpus }, (_, gpu) => (deadGpus.includes(gpu) ? `-${name}` : name)),
  );
}

function keep(name: string, plan: object): string {
  writeFileSync(at(name), JSON.stringify(plan));
  return at(name);
}

describe("recover --keep-ranks", () => {
  test("moves and holds what the plan without it does, with the dead node's ranks in their place", async () => {
    const kept = await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks");
    const other = await recovered(at("plan.json"), "--failed", "gpu2");
    expect(ranksOf(kept.placement)).toEqual(["gpu1", "gpu1", "-gpu2", "-gpu2", "gpu3", "gpu3", "gpu4", "gpu4", "gpu5", "gpu5"]);
    expect(kept.transfers).toEqual(other.transfers);
    expect(kept.placement.recovery).toEqual(other.placement.recovery);
    expect(kept.placement.nodes.filter(({ slots }: { slots: number }) => slots > 0)).toEqual(other.placement.nodes);
    kept.placement.layers.forEach((layer: { nodes: number[][] }, l: number) => {
      expect(layer.nodes[1]).toEqual([]);
      expect(layer.nodes.toSpliced(1, 1)).toEqual(other.placement.layers[l].nodes);
    });
  });

  test("a node that joins takes the ranks of its name, another those of a dead one, a further one comes last", async () => {
    const dead = keep("two.json", await recovered(at("plan.json"), "--failed", "gpu2", "--drain", "gpu4", "--keep-ranks"));
    // What once has dead ranks goes on so.
    const back = await recovered(dead, "--joined", "gpu4");
    expect(ranksOf(back.placement).join()).toBe("gpu1,gpu1,-gpu2,-gpu2,gpu3,gpu3,gpu4,gpu4,gpu5,gpu5");
    const spare = await recovered(dead, "--joined", "spare1,gpu4,spare2");
    expect(ranksOf(spare.placement).join()).toBe("gpu1,gpu1,spare1,spare1,gpu3,gpu3,gpu4,gpu4,gpu5,gpu5,spare2,spare2");
    const counted = await recovered(dead, "--joined", "1");
    expect(ranksOf(counted.placement)[2]).toBe("node3");
  });

  test("who comes back gets what it lacks, and nobody else is moved", async () => {
    const dead = keep("one.json", await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks", "--prefer", "repair"));
    const back = await recovered(dead, "--joined", "gpu2", "--max-moves", "27");
    expect(back.transfers.every(({ to }: { to: string }) => to === "gpu2")).toBe(true);
    expect(back.transfers.length).toBeGreaterThan(0);
  });

  test("other GPUs than before are refused, since other ranks would move", async () => {
    const dead = keep("one.json", await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks"));
    const words = ["recover", dead, ...SIZE, "--joined", "gpu2", "--gpus", "4", "-c", "8"];
    expect(await inProcess(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(/gpu2 had 2 GPUs .* --gpus 2/) });
    expect((await inProcess(words.map((word) => (word === "4" ? "2" : word)))).code).toBe(0);
  });

  test("a dead node is already handled, and another that fails is not", async () => {
    const dead = keep("one.json", await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks"));
    const again = await inProcess(["recover", dead, ...SIZE, "--failed", "gpu2"]);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringMatching(/already handled.*gpu2/) });
    expect(JSON.parse(again.stdout)).toMatchObject({ moved: 0, placement: JSON.parse(readFileSync(dead, "utf8")).placement });
    const next = await recovered(dead, "--failed", "gpu5");
    expect(ranksOf(next.placement).join()).toBe("gpu1,gpu1,-gpu2,-gpu2,gpu3,gpu3,gpu4,gpu4,-gpu5,-gpu5");
    expect(next.failedSoFar).toEqual(["gpu2", "gpu5"]);
  });

  test("ranks of operations are those of the plan", async () => {
    const dead = keep("one.json", await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks"));
    const other = keep("other.json", await recovered(at("plan.json"), "--failed", "gpu2"));
    const loads = JSON.parse(readFileSync(at("profile.json"), "utf8"));
    for (const layer of loads.layers) layer.loads.reverse();
    const words = ["--profile", keep("newer.json", loads), "--placement", "flexmoe"];
    const [kept, plain] = [await recovered(dead, ...words), await recovered(other, ...words)];
    const shifted = (rank?: number) => rank && (rank < GPUS ? rank : rank + GPUS);
    expect(plain.operations.length).toBeGreaterThan(0);
    expect(kept.operations.map(({ from, to }: { from: number; to?: number }) => [from, to])).toEqual(
      plain.operations.map(({ from, to }: { from: number; to?: number }) => [shifted(from), shifted(to)]),
    );
  });
});

describe("dead ranks in what reads a plan", () => {
  test("dispatch-plan sends them nothing, and numbers the others as before", async () => {
    const dead = keep("one.json", await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks"));
    const plan = JSON.parse(await made(["dispatch-plan", dead]));
    const other = JSON.parse(await made(["dispatch-plan"], JSON.stringify(await recovered(at("plan.json"), "--failed", "gpu2"))));
    expect(plan.ranks).toBe(10);
    const shifted = (rank: number) => (rank < GPUS ? rank : rank + GPUS);
    plan.layers.forEach((layer: { entries: number[][]; maxOverMean: number }, l: number) => {
      expect(layer.entries).toEqual(
        other.layers[l].entries.map(([e, source, target, tokens]: number[]) => [e, shifted(source!), shifted(target!), tokens]),
      );
      expect(layer.maxOverMean).toBeCloseTo(other.layers[l].maxOverMean, 12);
    });
  });

  test("the audit, compare and the table know the live ones alone; CSV carries them", async () => {
    const recovery = await recovered(at("plan.json"), "--failed", "gpu2", "--keep-ranks");
    const dead = keep("one.json", recovery);
    const audit = JSON.parse(await made(["place", "--audit", dead]));
    expect(audit.nodes).toEqual(recovery.placement.nodes);
    expect(audit.recovery).toEqual(recovery.placement.recovery);
    expect(audit.balance).toEqual(recovery.placement.balance);
    const explained = JSON.parse(await made(["place", "--audit", dead, "--explain"]));
    expect(explained.explanation.criticality.map(({ node }: { node: string }) => node)).toEqual(["gpu1", "gpu3", "gpu4", "gpu5"]);
    const compared = JSON.parse(await made(["compare", dead, "--with", "eplb"]));
    expect(compared.plans.map(({ slots }: { slots: number }) => slots)).toEqual([32, 32]);
    expect(await made(["place", "--audit", dead, "--format", "table"])).toMatch(
      /16 experts, 4 nodes of 2 GPUs\s+and 1 dead that\s+keeps its ranks, 32 slots/,
    );
    const rows = await made(["place", "--audit", dead, "--format", "csv"]);
    expect(JSON.parse(await made(["dispatch-plan"], rows))).toEqual(JSON.parse(await made(["dispatch-plan", dead])));
  });

  test("a placement all of whose GPUs are dead, and one with slots on dead GPUs, are refused", async () => {
    const plan = JSON.parse(readFileSync(at("plan.json"), "utf8"));
    const refused = async (change: (plan: PlacementDocument) => void, message: RegExp) => {
      const changed = structuredClone(plan);
      change(changed);
      const words = ["recover", keep("bad.json", changed), "--failed", "gpu3"];
      expect(await inProcess(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    };
    await refused(
      ({ nodes }) => Object.assign(nodes[1]!, { deadGpus: [0, 1] }),
      /gpu2: all GPUs are dead; expected 0 slots, got 8/,
    );
    await refused(({ nodes }) => Object.assign(nodes[1]!, { slots: 0 }), /gpu2: no slots on live GPUs/);
    await refused(({ nodes, layers }) => {
      for (const node of nodes) Object.assign(node, { slots: 0, deadGpus: [0, 1] });
      for (const layer of layers) Object.assign(layer, { nodes: nodes.map(() => []), replicas: layer.loads.map(() => 0) });
    }, /all nodes are dead/);
  });
});

describe("plans of other systems with dead ranks", () => {
  const words = (format: string) => [
    "recover",
    at("plan.json"),
    ...SIZE,
    "--failed",
    "gpu2,gpu4:1",
    "--keep-ranks",
    "--format",
    format,
  ];

  test("vllm: slots of -1, which are read back as dead ranks", async () => {
    const text = await made(words("vllm"));
    const rows: number[][] = JSON.parse(text);
    // Four slots a rank: ranks 2, 3 and 7 are dead.
    const columns = [...Array(8).keys()].map((i) => 8 + i).concat([28, 29, 30, 31]);
    for (const row of rows) expect(row.flatMap((id, slot) => (id === -1 ? [slot] : []))).toEqual(columns);
    const nodes = ["--nodes", "gpu[1-5]", "--gpus", `${GPUS}`, "--profile", at("profile.json")];
    writeFileSync(at("dead.vllm"), text);
    const audit = JSON.parse(await made(["place", "--audit", at("dead.vllm"), ...nodes]));
    const own = await recovered(at("plan.json"), "--failed", "gpu2,gpu4:1", "--keep-ranks");
    expect(audit.nodes).toEqual(own.placement.nodes);
    expect(audit.layers).toEqual(own.placement.layers);
    expect(JSON.parse(await made(["dispatch-plan", at("dead.vllm"), ...nodes])).ranks).toBe(10);
    await made(["compare", at("dead.vllm"), "--with", "mro", ...nodes]);
    const policy = ["--placement", "balanced"];
    const back = await recovered(at("dead.vllm"), ...nodes, ...policy, "--joined", "gpu2,gpu4:1");
    expect(ranksOf(back.placement).join()).toBe("gpu1,gpu1,gpu2,gpu2,gpu3,gpu3,gpu4,gpu4,gpu5,gpu5");
  });

  test.each([
    ["sglang", /SGLang 0\.5\.23 takes every slot for a live copy/],
    ["ascend", /vllm-ascend 0\.23\.0 takes every slot for a live copy/],
    ["trtllm", /TensorRT-LLM stops at expert ids below 0/],
  ])("%s: refused with its reason, and the way out leads to a plan", async (format, reason) => {
    const refused = await inProcess(words(format));
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(reason) });
    expect(refused.stderr).toMatch(/without --keep-ranks/);
    await made(["recover", at("plan.json"), ...SIZE, "--failed", "gpu2", "--shares", "even", "--format", format]);
  });

  test("a rank with some slots of -1 is refused", async () => {
    const rows: number[][] = JSON.parse(readFileSync(at("plan.vllm"), "utf8"));
    const nodes = ["--nodes", "gpu[1-5]", "--gpus", `${GPUS}`, "--profile", at("profile.json")];
    await fc.assert(
      fc.asyncProperty(fc.nat(rows.length - 1), fc.nat(rows[0]!.length - 1), async (layer, slot) => {
        const changed = rows.map((row, l) => row.map((id, s) => (l === layer && s === slot ? -1 : id)));
        const words = ["place", "--audit", keep("odd.vllm", changed), ...nodes];
        expect(await inProcess(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(/hold no expert \(-1\)/) });
      }),
      { numRuns: 10 },
    );
  });
});
