import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { reconfigure } from "../../src/core/reconfigure/reconfigure.ts";
import { type Rehearsal, rehearsalOf } from "../../src/core/reconfigure/rehearsal.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { IoError, UsageError } from "../../src/errors.ts";
import { fitRehearsal, type Machine, MOST_PROCESSES } from "../../src/io/rehearsal/fit.ts";
import { NodeProcess } from "../../src/io/rehearsal/nodeProcess.ts";
import { rehearse } from "../../src/io/rehearsal/rehearse.ts";
import { root } from "../support/lazarus.ts";

const folder = mkdtempSync(join(tmpdir(), "rehearsal-"));
const program = join(folder, "node.mjs");
const staging = { bytes: 5000, timeoutSeconds: 60, nodeProgram: [program] };

beforeAll(() =>
  build({
    entryPoints: ["node", "nodeProcess"].map((name) => `${root}src/io/rehearsal/${name}.ts`),
    bundle: true,
    format: "esm",
    platform: "node",
    outdir: folder,
    outExtension: { ".js": ".mjs" },
  }),
);
afterAll(() => rmSync(folder, { recursive: true }));

/** Processes on this machine that run our node program. */
function running(): string[] {
  return readdirSync("/proc").filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0").includes(program);
    } catch {
      return false; // It ended meanwhile.
    }
  });
}
const canList = existsSync("/proc/self/cmdline");

/** Four nodes of which one fails, and one that joins. */
function example(): Rehearsal {
  const cluster = uniformCluster(4, 4);
  const layers = [0, 1].map((layer) => ({ layer, loads: [30, 8, 5, 2, 1, 1, 9].map((load, e) => load + ((layer * e) % 3)) }));
  const rules = { minReplicas: 2, allocation: "lazarus", placement: "mro" } as const;
  const old = { cluster, layers: placeLayers({ cluster, layers, ...rules }).layers };
  const left = survivors(old, [3], [{ name: "new", slots: 4, gpus: 1 }]);
  const plan = placeLayers({ cluster: left.cluster, layers, ...rules }).layers;
  return rehearsalOf(old, left, reconfigure({ survivors: left, plan, mapping: "optimal", keepDomains: false }));
}

describe("rehearse", () => {
  test("every node ends with exactly its new experts, and no process is left", async () => {
    const play = example();
    const seen: number[][] = [];
    const report = await rehearse(play, { ...staging, watch: (done, all) => seen.push([done, all]) });
    const transfers = play.rounds.flat().length;
    const all = transfers + play.nodes.reduce((sum, node) => sum + node.holds.length + node.shallHold.length, 0);
    expect(seen.at(-1)).toEqual([all, all]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done!).sort((a, b) => a - b));
    expect(transfers).toBeGreaterThan(5);
    expect(report).toEqual({
      passed: true,
      killed: ["node3"],
      read: 0,
      transfers,
      bytesMoved: transfers * staging.bytes,
      verified: play.nodes.reduce((sum, node) => sum + node.shallHold.length, 0),
      faults: [],
    });
    if (canList) expect(running()).toEqual([]);
  });

  test("a plan that forgets a transfer does not pass", async () => {
    const play = example();
    const [forgotten] = play.rounds[0]!;
    const report = await rehearse({ ...play, rounds: [play.rounds[0]!.slice(1), ...play.rounds.slice(1)] }, staging);
    expect(report.passed).toBe(false);
    expect(report.faults).toEqual([`${play.nodes[forgotten!.to]!.name} lacks expert ${forgotten!.replica}`]);
  });

  test("a sender that does not hold the expert, or failed, ends the rehearsal", async () => {
    const node = (name: string, fails: boolean) => ({
      name,
      fails,
      holds: fails ? ["0/0"] : [],
      shallHold: fails ? [] : ["0/0"],
    });
    for (const fails of [false, true]) {
      const play = { nodes: [node("a", fails), node("b", false)], rounds: [[{ replica: "0/0", from: 0, to: 1 }]] };
      await expect(rehearse(play, staging)).rejects.toThrow(IoError);
    }
    if (canList) expect(running()).toEqual([]);
  });

  test("is bounded in time, processes and bytes, and leaves nothing behind", async () => {
    const node = { name: "a", fails: false, holds: ["0/0"], shallHold: ["0/0"] };
    const alone = { nodes: [node], rounds: [] };
    await expect(rehearse(alone, { ...staging, timeoutSeconds: 0.001 })).rejects.toThrow(/not done after/);
    await expect(rehearse(alone, { ...staging, bytes: 2 ** 30 })).rejects.toThrow(UsageError);
    await expect(rehearse({ nodes: new Array(MOST_PROCESSES + 1).fill(node), rounds: [] }, staging)).rejects.toThrow(UsageError);
    await expect(rehearse(alone, { ...staging, nodeProgram: [join(folder, "absent.js")] })).rejects.toThrow(/Cannot find module/);
    if (canList) expect(running()).toEqual([]);
  });

  test.skipIf(!canList)("processes end when their director is killed", async () => {
    const director = join(folder, "director.mjs");
    writeFileSync(
      director,
      `import { NodeProcess } from "./nodeProcess.mjs";
       const nodes = [0, 1].map((n) => new NodeProcess("node" + n, [${JSON.stringify(program)}]));
       await Promise.all(nodes.map((node) => node.ask({ order: "hold", replicas: [], bytes: 1, token: "t", peers: nodes.map((node) => node.pid) })));
       process.stdout.write("ready");
       setInterval(() => {}, 1000);`,
    );
    for (const stopped of [false, true]) await killDirector(director, stopped);
  });

  async function killDirector(director: string, stopped: boolean): Promise<void> {
    const child = spawn(process.execPath, [director], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(running()).toHaveLength(2);
    // A stopped process does not see that its director is gone; the other one ends it.
    if (stopped) process.kill(Number(running()[0]), "SIGSTOP");
    child.kill("SIGKILL");
    await expect.poll(() => running().length, { timeout: 20_000 }).toBe(0);
  }

  test.skipIf(!canList)("a process that is stopped is given up on", async () => {
    const node = new NodeProcess("a", [program]);
    await node.ask({ order: "hold", replicas: [], bytes: 1, token: "t", peers: [] });
    process.kill(node.pid!, "SIGSTOP");
    await expect(node.ask({ order: "keep", replicas: [] }, 0.2)).rejects.toThrow(/of a: has not answered for 0.2 seconds/);
    await node.kill();
    expect(running()).toEqual([]);
  });
});

describe("a rehearsal fits itself to the machine", () => {
  const machine: Machine = { freeBytes: 2 ** 34, cores: 2, load: 0, bytesPerSecond: 5e8 };
  const holding = (nodes: number, replicas: number): Rehearsal => {
    const holds = Array.from({ length: replicas }, (_, expert) => `0/${expert}`);
    return { nodes: new Array(nodes).fill({ name: "n", fails: false, holds, shallHold: holds }), rounds: [] };
  };

  test("small ones have 64 KiB, or what is said, and take as long as processes and bytes do", () => {
    const four = holding(4, 100);
    // 4 processes of 60 ms and 800 replicas of 40 us and 64 KiB at 500 MB/s, on two cores.
    const seconds = (4 * 0.06 + 800 * 40e-6 + (800 * 65_536) / 5e8) / 2;
    expect(fitRehearsal(four, machine)).toEqual({ bytes: 65_536, seconds: expect.closeTo(seconds, 9) });
    expect(fitRehearsal(four, machine, 1_000_000)).toEqual({
      bytes: 1_000_000,
      seconds: expect.closeTo((0.24 + 0.032 + 1.6) / 2, 9),
    });
  });

  test("64 nodes that hold 928 replicas each have what takes 20 s; who says how large they are waits", () => {
    const many = holding(64, 928);
    const slow = { ...machine, bytesPerSecond: 1e8, freeBytes: 2 ** 36 };
    const fit = fitRehearsal(many, slow);
    expect(fit).toMatchObject({ because: "memory", bytes: Math.floor(2 ** 30 / (64 * 928 * 2)) });
    const busy = fitRehearsal(many, { ...slow, load: 6 });
    expect(busy.because).toBe("time");
    expect(busy.seconds).toBeLessThanOrEqual(20);
    expect(busy.seconds).toBeGreaterThan(19.9);
    expect(fitRehearsal(many, { ...slow, load: 6 }, 9000)).toMatchObject({ bytes: 9000, seconds: expect.closeTo(3 * 9.65, 0) });
    // Processes alone take longer: contents are not made smaller for nothing.
    expect(fitRehearsal(many, { ...slow, load: 60 })).toMatchObject({ bytes: 1024, because: "time" });
  });

  test("contents take a quarter of free memory, a gigabyte at most, reads from the store among them", () => {
    const four = holding(4, 100);
    expect(fitRehearsal(four, { ...machine, freeBytes: 4 * 800 * 500 })).toMatchObject({ bytes: 500, because: "memory" });
    expect(fitRehearsal(four, { ...machine, freeBytes: 4 * 800 * 500 }, 400)).not.toHaveProperty("because");
    const reading = { ...four, nodes: four.nodes.map((node) => ({ ...node, reads: node.holds })) };
    expect(fitRehearsal(reading, { ...machine, freeBytes: 4 * 1200 * 500 }).bytes).toBe(500);
    expect(fitRehearsal(four, machine, 1e9).bytes).toBe(Math.floor(2 ** 30 / 800));
  });
});
