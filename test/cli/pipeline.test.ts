import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inProcess, inProcessPipe } from "../support/inProcess.ts";
import { haveSharedData, shell, withoutSharedData } from "../support/lazarus.ts";

const trace = "../shared/data/smartmoe/layer_loads.csv.gz";
const ranks = "../shared/data/smartmoe/rank_loads.csv.gz";

interface Placement {
  layers: { layer: number; loads: number[]; replicas: number[]; nodes: number[][] }[];
  recovery: { failures: { failed: number; probability: number; upperBound: number }[]; certified: boolean; tolerates: number };
  balance: { even: number; optimal: number };
}

async function placed(topExperts: number, options: string): Promise<Placement> {
  const read = `profile-load ${trace} --window 201:201 --top-experts ${topExperts}`;
  const { code, stdout, stderr } = await inProcessPipe(read, `place -n 10 -c 6 ${options}`);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

const survival = (placement: Placement) => placement.recovery.failures.map(({ probability }) => probability);

describe.skipIf(!haveSharedData)(`the real trace${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  test.each([
    [16, [1, 42 / 45, 96 / 120, 129 / 210, 102 / 252, 44 / 210]],
    [12, [1, 43 / 45, 104 / 120, 155 / 210, 0.5794, 0.4048]],
    [8, [1, 44 / 45, 112 / 120, 182 / 210, 0.7778, 0.6619]],
  ])("mro survives as the paper has it: top %i experts", async (topExperts, expected) => {
    const placement = await placed(topExperts, "--placement mro");
    expected.forEach((probability, i) => {
      expect(survival(placement)[i]).toBeCloseTo(probability, 4);
    });
    for (const { probability, upperBound } of placement.recovery.failures)
      expect(probability).toBeLessThanOrEqual(upperBound + 1e-12);
  });

  test("layer 0 has the replicas of Eq. 1, every layer fills the slots", async () => {
    const { layers } = await placed(16, "--placement mro");
    expect(layers).toHaveLength(12);
    expect(layers[0]?.replicas.toSorted((a, b) => a - b)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 7, 9, 16]);
    for (const { replicas } of layers) expect(replicas.reduce((a, b) => a + b)).toBe(60);
  });

  test("mro is as uneven as measured", async () => {
    const { balance } = await placed(16, "--placement mro");
    expect(balance.even).toBeCloseTo(1.62, 2);
    expect(balance.optimal).toBeCloseTo(1.52, 2);
  });

  test("spread survives four failures in 25 of 210 cases", async () => {
    expect(survival(await placed(16, "--placement spread"))[3]).toBeCloseTo(25 / 210, 12);
  });

  test("rank loads give exact dispatches", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lazarus-pipeline-"));
    const routing = join(folder, "profile.json");
    const read = `profile-load ${ranks} --window 201:201 --top-experts 16 --by-rank -o ${routing}`;
    const dispatch = `dispatch-plan --routing ${routing}`;
    const { code, stdout } = await inProcessPipe(read, `place ${routing} -n 16 -c 4 --placement mro`, dispatch);
    expect(code).toBe(0);
    const plan = JSON.parse(stdout) as { layers: { layer: number; entries: [number, number, number, number][] }[] };
    const profile = JSON.parse(readFileSync(routing, "utf8"));
    rmSync(folder, { recursive: true, force: true });
    plan.layers.forEach(({ entries }, l) => {
      const byRank: number[][] = profile.layers[l].byRank;
      const sent = byRank.map((row) => row.map(() => 0));
      for (const [expert, source, , tokens] of entries) {
        const row = sent[source] as number[];
        row[expert] = (row[expert] as number) + tokens;
      }
      expect(sent).toEqual(byRank);
    });
  });
});

test("fewer slots than experts times replicas: the threshold is lowered, and that is said", async () => {
  const loads = Array.from({ length: 16 }, (_, e) => e * 10);
  const profile = await inProcess(["profile-load", "--input-format", "matrix"], JSON.stringify([loads]));
  const { code, stdout, stderr } = await inProcess(["place", "-n", "5", "-c", "6", "--effort", "fast"], profile.stdout);
  expect(code).toBe(0);
  expect(stderr).toMatch(/30 slots hold only 1 of 2 replicas/);
  const document = JSON.parse(stdout);
  expect(document.policy).toMatchObject({ minReplicas: 2, keptMinReplicas: 1 });
  expect(document.layers[0].replicas.reduce((a: number, b: number) => a + b)).toBe(30);
});

test("the pipe goes on from a recovery plan", () => {
  const line =
    "lazarus profile-load fixtures/routing.csv | lazarus place -n 10 -c 6 --effort fast | lazarus recover --failed node3,node7 --model gpt-s " +
    "| lazarus recover --joined 1 --expert-bytes 112MiB | lazarus dispatch-plan --shuffle";
  const { code, stdout, stderr } = shell(line);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const plan = JSON.parse(stdout);
  expect(plan.ranks).toBe(9);
  for (const { load, shuffle, localTokens, remoteTokens } of plan.layers) {
    const total = load.reduce((a: number, b: number) => a + b, 0);
    expect(localTokens + remoteTokens).toBe(total);
    expect(
      shuffle.flatMap((rank: { receiveCounts: number[] }) => rank.receiveCounts).reduce((a: number, b: number) => a + b),
    ).toBe(total);
  }
});

test("the transfers of a recovery lead to its placement", async () => {
  const made = await inProcessPipe("profile-load fixtures/routing.csv", "place -n 10 -c 6 --effort fast");
  const placement = JSON.parse(made.stdout);
  const { code, stdout } = await inProcess(["recover", "--failed", "node3,node7", "--joined", "fresh"], made.stdout);
  expect(code).toBe(0);
  const plan = JSON.parse(stdout);
  const names: string[] = plan.placement.nodes.map((node: { name: string }) => node.name);
  expect(names).toContain("fresh");
  expect(names).not.toContain("node3");
  plan.placement.layers.forEach((layer: { layer: number; nodes: number[][] }, l: number) => {
    layer.nodes.forEach((slots, n) => {
      const old = placement.nodes.findIndex((node: { name: string }) => node.name === names[n]);
      const held = new Set<number>(old < 0 ? [] : placement.layers[l].nodes[old]);
      for (const { layer: id, expert, from, to } of plan.transfers) {
        if (id !== layer.layer || to !== names[n]) continue;
        const source = placement.nodes.findIndex((node: { name: string }) => node.name === from);
        expect(placement.layers[l].nodes[source]).toContain(expert);
        held.add(expert);
      }
      for (const expert of slots) expect(expert === -1 || held.has(expert)).toBe(true);
    });
  });
});

test("what cannot be recovered is listed, and the exit code is 3", async () => {
  const read = "profile-load fixtures/routing.csv";
  const { stdout: placement } = await inProcessPipe(read, "place -n 10 -c 6 --placement mro");
  const lost = await inProcess(["recover", "--failed", "node0,node1"], placement);
  expect(lost.code).toBe(3);
  const plan = JSON.parse(lost.stdout);
  expect(plan.recoverable).toBe(false);
  expect(plan.lost.length).toBeGreaterThan(0);
  const everyone = await inProcess(["recover", "--failed", "node[0-9]"], placement);
  expect(everyone.code).toBe(3);
  expect(JSON.parse(everyone.stdout).lost).toHaveLength(64);
  const cramped = await inProcessPipe(read, "place -n 4 -c 6 -f 1 --placement spread", "recover --failed node0,node1");
  expect(cramped.code).toBe(3);
});

test("an audit leaves out what the policy cannot place", async () => {
  const profile = await inProcess(["profile-load"], "[[40,30,20,10],[10,20,30,40]]");
  const placement = await inProcess("place -n 2 --gpus 2 -c 4 --placement eplb".split(" "), profile.stdout);
  const changes = async (text: string) => {
    const { code, stdout, stderr } = await inProcess(["place", "--audit", "-"], text);
    expect([code, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout).explanation.alternatives.map(({ change }: { change: string }) => change);
  };
  expect(await changes(placement.stdout)).toEqual(["one more slot on every GPU", "one more node"]);
  // EPLB knows no nodes that differ.
  expect(await changes(placement.stdout.replace('"gpus":2}]', '"gpus":1}]'))).toEqual([]);
});
