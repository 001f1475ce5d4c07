/** The controller for drift, as processes: profile-load --follow on a log that grows, piped into recover --follow; stopped, started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkRecoveryPlan, type RecoveryPlanDocument } from "../../src/formats/documents/recoveryPlan.ts";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

const EVERY = 4;
const WORDS = ["--trigger", "ratio:1.08", "--hysteresis", "1.1", "--cooldown", "12", "--placement", "fewest-moves"];
const LEVEL = ["--balance-threshold", "1.05", "--expert-bytes", "1MB"];
let folder = "";
const at = (name: string) => join(folder, name);
const running = new Set<ChildProcess>();

/** Rows of iterations whose hot expert wanders. */
function rows(from: number, to: number): string {
  const row = (iteration: number, layer: number) => {
    const loads = [0, 1, 2, 3, 4, 5].map((e) => Math.round(100 + 80 * Math.sin(iteration / 7 + 1.3 * e + layer)));
    return `${iteration},${layer},${loads.join()}\n`;
  };
  return Array.from({ length: to - from + 1 }, (_, i) => row(from + i, 0) + row(from + i, 1)).join("");
}

const HEADER = "iteration,layer,e0,e1,e2,e3,e4,e5\n";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-follow-"));
  writeFileSync(at("first.csv"), HEADER + rows(1, EVERY));
  const { stdout } = await inProcess(["profile-load", at("first.csv")]);
  const place = ["place", "-n", "6", "-c", "3", "-f", "1", "--placement", "balanced", "--shares", "even", "--effort", "fast"];
  expect((await inProcess([...place, "-o", at("start.json")], stdout)).code).toBe(0);
}, 60_000);
afterAll(() => {
  for (const program of running) program.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** The two programs of the pipeline. */
function controller() {
  const start = (words: readonly string[]) => {
    const program = spawn(process.execPath, [`${root}bin/lazarus.js`, ...words], { stdio: ["pipe", "pipe", "pipe"] });
    running.add(program);
    let stderr = "";
    program.stderr.on("data", (text) => {
      stderr += text;
    });
    const exit = once(program, "exit").then(([code]) => {
      running.delete(program);
      return { code, stderr };
    });
    return { program, exit };
  };
  const log = start(["profile-load", at("log.csv"), "--every", String(EVERY), "--follow"]);
  const plan = at("plan.json");
  const decisions = start(["recover", plan, "--profile", "-", "--follow", ...WORDS, ...LEVEL, "-o", plan]);
  decisions.program.stdin.on("error", () => {});
  log.program.stdout.pipe(decisions.program.stdin);
  return { log, decisions };
}

const planNow = () => checkRecoveryPlan(JSON.parse(readFileSync(at("plan.json"), "utf8")), "plan.json");

async function decidedOn(iteration: number): Promise<void> {
  for (;;) {
    const document = JSON.parse(readFileSync(at("plan.json"), "utf8")) as Partial<RecoveryPlanDocument>;
    if ((document.decision?.iteration ?? 0) >= iteration) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

test("decides while a log grows, ends at SIGTERM with what it has, and goes on where it was", { timeout: 120_000 }, async () => {
  copyFileSync(at("start.json"), at("plan.json"));
  writeFileSync(at("log.csv"), HEADER + rows(1, 13));
  const first = controller();
  await decidedOn(12);
  const some = rows(14, 22);
  appendFileSync(at("log.csv"), some.slice(0, some.length - 9)); // A row that is not complete yet.
  await decidedOn(20);
  first.log.program.kill("SIGTERM");
  expect((await first.log.exit).code).toBe(0);
  const ended = await first.decisions.exit;
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringMatching(/^(lazarus: iteration \d+: (moves|stays) .*\n){5}$/)]);
  const stopped = planNow();
  expect(stopped.decision!.iteration).toBe(20);

  appendFileSync(at("log.csv"), some.slice(some.length - 9) + rows(23, 61));
  const second = controller();
  await decidedOn(60);
  second.decisions.program.kill("SIGTERM");
  const { code, stderr } = await second.decisions.exit;
  expect([code, stderr]).toEqual([0, expect.stringMatching(/\nlazarus: 5 load-profiles left out: .*\n$/)]);
  expect(stderr.match(/iteration \d+: /g)).toHaveLength(10);
  second.log.program.kill("SIGTERM");
  expect((await second.log.exit).code).toBe(0);

  const whole = await inProcess(["profile-load", at("log.csv"), "--every", String(EVERY), "--window", "1:60"]);
  const straight = await inProcess(["recover", at("start.json"), "--profile", "-", ...WORDS, ...LEVEL], whole.stdout);
  const lines = straight.stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(15);
  const decisions = lines.map((line) => checkRecoveryPlan(JSON.parse(line), "line").decision!);
  const moves = decisions.filter(({ move }) => move).map(({ iteration }) => iteration!);
  expect(moves.length).toBeGreaterThan(2);
  for (const [i, iteration] of moves.slice(1).entries()) expect(iteration - moves[i]!).toBeGreaterThanOrEqual(12);
  const resting = decisions.flatMap((decision, i) => (!decision.move && decision.iteration! - decision.movedAt! < 12 ? [i] : []));
  expect(resting.length).toBeGreaterThan(2);
  for (const i of resting) expect(decisions[i]!.left).toBe(Math.min(decisions[i - 1]!.left!, decisions[i]!.level!));
  const last = JSON.parse(lines.at(-1)!);
  const interrupted = planNow();
  expect({ ...interrupted, follows: undefined }).toEqual({ ...checkRecoveryPlan(last, "last"), follows: undefined });
  expect(decisions[4]).toEqual(stopped.decision);
});

test("every line follows the one before, as files of it would", async () => {
  writeFileSync(at("log.csv"), HEADER + rows(1, 24));
  const series = await inProcess(["profile-load", at("log.csv"), "--every", String(EVERY)]);
  const { stdout } = await inProcess(["recover", at("start.json"), "--profile", "-", ...WORDS, ...LEVEL], series.stdout);
  const lines = stdout.split("\n").slice(0, -1);
  const { createHash } = await import("node:crypto");
  const hashes = lines.map((line) => createHash("sha256").update(`${line}\n`).digest("hex"));
  expect(lines.slice(1).map((line) => JSON.parse(line).follows)).toEqual(hashes.slice(0, -1));
});

test("a series that ends before it began is no mistake where it is followed", async () => {
  const words = ["recover", at("start.json"), "--profile", "-", ...WORDS, ...LEVEL];
  expect(await inProcess([...words, "--follow"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect((await inProcess(words)).stderr).toMatch(/there is nothing in it/);
});

test.each([
  [["profile-load", "log.csv", "--follow"], /--follow writes a document every so many iterations: add --every K/],
  [["profile-load", "log.csv", "--every", "4", "--follow", "-o", "x.json"], /-o: a file appears when it is complete/],
  [["profile-load", "log.csv", "--every", "4", "--follow", "--drift"], /--drift is for the end of a log/],
  [["profile-load", "log.csv.gz", "--every", "4", "--follow"], /is a packed file, which does not grow line by line/],
  [["recover", "start.json", "--profile", "start.json", "--follow"], /--follow decides on loads that go on coming/],
  [["recover", "start.json", "--trigger", "gain"], /what changed\? pass .* --profile with newer loads/],
  [["recover", "start.json", "--trigger", "gain", "--profile", "p.json"], /--trigger gain needs --model and --hardware/],
  [["recover", "start.json", "--trigger", "ratio:0.5", "--profile", "p.json"], /--trigger: expected ratio:R/],
  [["recover", "start.json", "--trigger", "ratio:1.1", "--profile", "p.json", "--failed", "node1"], /weighs newer loads alone/],
  [["recover", "-", "--trigger", "ratio:1.1", "--profile", "-"], /both come from standard input/],
])("%j is refused", async (words, expected) => {
  const { gzipSync } = await import("node:zlib");
  writeFileSync(at("log.csv.gz"), gzipSync(HEADER + rows(1, 9)));
  const files = words.map((word) => (/^\w+\.(json|csv|csv\.gz)$/.test(word) ? at(word) : word));
  const { code, stderr } = await inProcess(files);
  expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  // Nothing stays open, where that can be seen.
  const open = existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").map(openFile) : [];
  expect(open.filter((path) => path === at("log.csv.gz"))).toEqual([]);
});

function openFile(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return "";
  }
}
