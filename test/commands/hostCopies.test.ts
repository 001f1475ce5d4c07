/** Copies in host memory: what place says of them, and what recover takes out of them and out of the store. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type Placement } from "../../src/core/layout/placement.ts";
import { withHostMemory } from "../../src/core/placement/assess.ts";
import { planRecovery } from "../../src/core/reconfigure/planRecovery.ts";
import { hostCopies, neighbourCopies } from "../../src/core/recovery/hostCopies.ts";
import { inProcess } from "../support/inProcess.ts";
import { quickPolicy } from "../support/policy.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-host-copies-"));
  await made(["profile-load", "fixtures/routing.csv", "-o", at("profile.json")]);
  // Few slots: what a node alone holds is lost with it.
  for (const [nodes, name] of [
    ["5", "thin.json"],
    ["6", "six.json"],
  ] as const)
    await made(["place", at("profile.json"), "-n", nodes, "-c", "4", "-o", at(name)]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function made(words: string[]): Promise<string> {
  const { code, stdout, stderr } = await inProcess(words);
  expect(`${code} ${stderr}`, words.join(" ")).toMatch(/^0 /);
  return stdout;
}

const recovered = async (plan: string, ...words: string[]) =>
  JSON.parse(await made(["recover", at(plan), "--expert-bytes", "1GB", ...words]));

/** What of a placement is in whose slots or, as far as its node lives, host memory: by definition, not by the code on trial. */
function survives({ cluster, layers }: Placement, copies: number, failed: readonly number[]): boolean {
  const nodes = cluster.length;
  const holds = (node: number, layer: number, expert: number) => layers[layer]!.nodes[node]!.includes(expert);
  const has = (node: number, layer: number, expert: number) =>
    holds(node, layer, expert) ||
    Array.from({ length: copies }, (_, back) => (node - 1 - back + nodes) % nodes).some((kept) => holds(kept, layer, expert));
  return layers.every(({ loads }, layer) =>
    loads.every((_, expert) => cluster.some((_, node) => !failed.includes(node) && has(node, layer, expert))),
  );
}

const instances = fc
  .record({
    nodes: fc.integer({ min: 2, max: 5 }),
    slots: fc.integer({ min: 1, max: 3 }),
    seeds: fc.array(fc.nat(5), { minLength: 30, maxLength: 30 }),
    copies: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ nodes, slots, seeds, copies }) => {
    const layers = [0, 1].map((layer) => {
      const drawn = Array.from({ length: nodes * slots }, (_, i) => seeds[layer * 15 + i]!);
      const experts = [...new Set(drawn)];
      const held = Array.from({ length: nodes }, (_, n) =>
        drawn.slice(n * slots, (n + 1) * slots).map((expert) => experts.indexOf(expert)),
      );
      return { layer, loads: experts.map(() => 6), nodes: held, replicas: countReplicas(experts.length, held) };
    });
    return { placement: { cluster: uniformCluster(nodes, slots), layers }, copies: Math.min(copies, nodes - 1) };
  });

function subsets(nodes: number): number[][] {
  return Array.from({ length: 2 ** nodes }, (_, set) => [...Array(nodes).keys()].filter((node) => (set >> node) & 1));
}

describe("place --host-copies", () => {
  test("survival with reload is that of enumerating every set of failed nodes", () => {
    fc.assert(
      fc.property(instances, fc.double({ min: 0.05, max: 0.6, noNaN: true }), ({ placement, copies }, failureProbability) => {
        const nodes = placement.cluster.length;
        const { recovery, survival } = withHostMemory(placement, copies, { failureProbability, seed: 0 });
        const sets = subsets(nodes);
        for (const { failed, probability } of recovery.failures) {
          const all = sets.filter((set) => set.length === failed);
          const alive = all.filter((set) => survives(placement, copies, set));
          expect(probability).toBeCloseTo(alive.length / all.length, 12);
        }
        const total = sets
          .filter((set) => survives(placement, copies, set))
          .reduce((sum, { length: k }) => sum + failureProbability ** k * (1 - failureProbability) ** (nodes - k), 0);
        expect(survival.probability).toBeCloseTo(total, 12);
      }),
      { numRuns: 200 },
    );
  });

  test("a recovery that restores from host memory loses something exactly where that says so", () => {
    const speed = { expertBytes: 1, bandwidth: 1, detectSeconds: 0, regroupSeconds: 0, rates: { host: 1 } };
    fc.assert(
      fc.property(instances, fc.nat(30), ({ placement, copies }, drawn) => {
        const sets = subsets(placement.cluster.length).filter(({ length }) => length < placement.cluster.length);
        const failed = sets[drawn % sets.length]!;
        const keepers = hostCopies(placement, neighbourCopies(placement.cluster.length, copies));
        const recovery = planRecovery({
          old: placement,
          failed,
          policy: { ...quickPolicy, minReplicas: 1 },
          speed,
          restorable: { keepers, store: false },
          spill: true,
          maxMoves: 0,
        });
        expect(recovery.recoverable).toBe(survives(placement, copies, failed));
      }),
      { numRuns: 200 },
    );
  });

  test("with domains, also when these fail; a recovery says it of the new plan, and takes the copies from there", async () => {
    const racks = ["a", "a", "b", "b", "c", "c"].map((domain, n) => ({ name: `n${n}`, slots: 6, domain }));
    writeFileSync(at("racks.json"), JSON.stringify(racks));
    const words = ["place", at("profile.json"), "--cluster", at("racks.json"), "--failure-unit", "node"];
    const plain = JSON.parse(await made(words));
    const plan = JSON.parse(
      await made([...words, "--host-copies", "2", "-o", at("two.json")]).then(() => readFileSync(at("two.json"), "utf8")),
    );
    const { survivalWithHostMemory: memory, ...others } = plan;
    expect(others).toEqual(plain);
    expect(memory.copies).toBe(2);
    expect(memory.domain.count).toBe(3);
    // Every expert is on three neighbours at least, which are in two racks.
    expect(memory.tolerates).toBeGreaterThanOrEqual(2);
    expect(memory.domain.tolerates).toBeGreaterThanOrEqual(1);
    expect(memory.survival).toBeGreaterThan(plan.recovery.survival);
    const after = JSON.parse(await made(["recover", at("two.json"), "--failed", "n0", "--expert-bytes", "1GB"]));
    expect(after.placement.survivalWithHostMemory.copies).toBe(2);
    expect(after.placement.survivalWithHostMemory.failures).toHaveLength(5);
    const audit = JSON.parse(await made(["place", "--audit", at("two.json")]));
    expect(audit.survivalWithHostMemory).toEqual(memory);
    const table = await made(["place", "--audit", at("two.json"), "--format", "table"]);
    expect(table).toMatch(
      /nodes failing with 16\.7 % each: [\d.]+ %\s+without\s+reload,\s+[\d.]+ %\s+with\s+reload\s+from\s+host\s+memory/,
    );
    expect(table).toMatch(/Survival, domains failing/);
    const many = await inProcess([...words, "--host-copies", "6"]);
    expect(many).toMatchObject({ code: 2, stderr: expect.stringMatching(/of 6 nodes at most 5 others/) });
  });
});

describe("recover --restore", () => {
  /** What a node alone holds: node1 of five, or node4 of six. */
  const alone = (plan: string, of = plan === "thin.json" ? 1 : 4): string[] => {
    const { layers } = JSON.parse(readFileSync(at(plan), "utf8")) as Placement;
    return layers.flatMap(({ layer, nodes }) =>
      [...new Set(nodes[of]!)]
        .sort((a, b) => a - b)
        .flatMap((expert) =>
          expert !== FREE_SLOT && nodes.every((held, node) => node === of || !held.includes(expert))
            ? [`${layer}/${expert}`]
            : [],
        ),
    );
  };
  const named = (copies: { layer: number; expert: number }[]) => copies.map(({ layer, expert }) => `${layer}/${expert}`);

  test("without it, exit 3 names the option, which leads on when followed", async () => {
    const refused = await inProcess(["recover", at("thin.json"), "--expert-bytes", "1GB", "--failed", "node1"]);
    expect(refused.code).toBe(3);
    const { reason, lost } = JSON.parse(refused.stdout);
    expect(named(lost)).toEqual(alone("thin.json"));
    const option = /--restore \S+/.exec(reason)![0].replace(/,$/, "").split(" ");
    const plan = await recovered("thin.json", "--failed", "node1", ...option);
    expect(named(plan.restored)).toEqual(alone("thin.json"));
  });

  // Twelve experts of 1 GB: so many at a time as the store feeds, one a node, and no faster than a node reads.
  test.each([
    ["store=2GBps", 1, 0.5],
    ["store=2GBps,store-node=1GBps", 2, 1],
    ["store=2GBps,store-node=500MBps", 4, 2],
    ["store=8GBps,store-node=1GBps", 8, 1],
    ["store=1GBps", 1, 1],
  ])("the store is shared: %s feeds %d nodes at a time, each copy in %d s", async (tiers, lanes, each) => {
    const { restored, time } = await recovered("thin.json", "--failed", "node1", "--restore", tiers, "--checkpoint-age", "10m");
    expect(restored).toHaveLength(12);
    const reads = (name: string) => restored.filter(({ to }: { to: string }) => to === name).length;
    const busiest = Math.max(...["node0", "node2", "node3", "node4"].map(reads));
    const seconds = Math.max(Math.ceil(12 / lanes), busiest) * each;
    expect(time.tiers.store).toBeCloseTo(seconds, 9);
    expect(Math.max(...restored.map((copy: { seconds: number }) => copy.seconds))).toBeCloseTo(seconds, 9);
    for (const copy of restored) expect(copy).toMatchObject({ tier: "store", ageSeconds: 600, bytes: 1e9 });
    for (const copy of restored) expect("from" in copy).toBe(false);
  });

  test("--host-copies-of FILE says who keeps whose experts; a dead keeper takes its memory along", async () => {
    writeFileSync(at("copies.csv"), "node,keeps\nnode2,node4\nnode1,node0\nnode1,node4\n");
    const words = (tiers: string, failed: string) => [
      "--failed",
      failed,
      "--restore",
      tiers,
      "--host-copies-of",
      at("copies.csv"),
    ];
    const one = await recovered("six.json", ...words("host=25GBps", "node4"));
    expect(named(one.restored)).toEqual(alone("six.json"));
    for (const { from, tier } of one.restored) expect(`${tier} ${from}`).toMatch(/^host node[12]$/);
    const two = await recovered("six.json", ...words("host=25GBps,store=2GBps", "node4,node1"));
    const from = (name: string) => two.restored.filter((copy: { from?: string }) => copy.from === name);
    expect(named(from("node2"))).toEqual(alone("six.json"));
    expect(from("node1")).toEqual([]);
    const all = await inProcess([
      "recover",
      at("six.json"),
      "--expert-bytes",
      "1GB",
      ...words("host=25GBps", "node4,node1,node2"),
    ]);
    expect(all.code).toBe(3);
    expect(named(JSON.parse(all.stdout).lost)).toEqual(expect.arrayContaining(alone("six.json")));
  });

  test("a node that there is not, or columns that are others, are refused with the line", async () => {
    for (const [text, message] of [
      ["node,keeps\nnode4,node1\nnode9,node1\n", /copies\.csv:3: .*no node "node9".*column node/],
      ["node,keeps\nnode4,nod1\n", /copies\.csv:2: .*no node "nod1".*column keeps/],
      ["node\nnode4\n", /copies\.csv:1: .*keeps/],
    ] as const) {
      writeFileSync(at("copies.csv"), text);
      const words = [
        "recover",
        at("six.json"),
        "--failed",
        "node1",
        "--restore",
        "host=25GBps",
        "--host-copies-of",
        at("copies.csv"),
      ];
      expect(await inProcess(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    }
  });

  test("place --host-copies says how many neighbours keep copies, unless somebody says otherwise", async () => {
    await made(["place", "--audit", at("six.json"), "--host-copies", "2", "-o", at("kept.json")]);
    const words = ["recover", at("kept.json"), "--expert-bytes", "1GB", "--failed", "node4,node5", "--restore", "host=25GBps"];
    const plan = JSON.parse(await made(words));
    // What node4 held is with node5 and node0, of which one lives.
    const copies = plan.restored.filter(({ layer, expert }: { layer: number; expert: number }) =>
      alone("six.json").includes(`${layer}/${expert}`),
    );
    expect(copies).toHaveLength(12);
    for (const { from } of copies) expect(from).toBe("node0");
    expect((await inProcess([...words, "--host-copies-of", "neighbour"])).code).toBe(3);
  });

  test("CSV has a row for each restored copy, with its source and without a round where it does not travel", async () => {
    writeFileSync(at("copies.csv"), "node,keeps\nnode0,node4\n");
    const words = ["--failed", "node4,node5", "--restore", "host=25GBps,store=2GBps", "--host-copies-of", at("copies.csv")];
    const plan = await recovered("six.json", ...words);
    const text = await made(["recover", at("six.json"), "--expert-bytes", "1GB", ...words, "--format", "csv"]);
    const [header, ...rows] = text.trim().split("\n");
    expect(header).toBe("round,layer,expert,from,to,bytes,source");
    const cells = rows.map((row) => row.split(","));
    const still = plan.restored.filter(({ from, to }: { from?: string; to: string }) => from === undefined || from === to);
    expect(cells.filter(([round]) => round === "")).toEqual(
      still.map(({ layer, expert, tier, from = "", to, bytes }: Record<string, string | number>) =>
        ["", layer, expert, from, to, bytes, tier].map(String),
      ),
    );
    expect(new Set(still.map(({ tier }: { tier: string }) => tier))).toEqual(new Set(["host", "store"]));
    expect(cells.filter(([round]) => round !== "")).toEqual(
      plan.transfers.map(({ round, layer, expert, from, to, bytes, source = "replica" }: Record<string, string | number>) =>
        [round, layer, expert, from, to, bytes, source].map(String),
      ),
    );
    // Sent out of host memory.
    const sent = plan.restored.filter(({ tier, from, to }: Record<string, string>) => tier === "host" && from !== to);
    expect(cells.filter(([round, , , , , , source]) => round !== "" && source === "host").length).toBeGreaterThanOrEqual(
      sent.length,
    );
  });
});
