/** What recover takes for a change of nodes, and what it makes of changes that were made before. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closestNode } from "../../src/commands/closestNode.ts";
import { fingerprintOf } from "../../src/io/fingerprint.ts";
import { inProcess } from "../support/inProcess.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const bytes = (name: string) => readFileSync(at(name), "utf8");
const names = Array.from({ length: 8 }, (_, i) => `gpu0${i + 1}`);
const recover = (plan: string, ...words: string[]) => inProcess(["recover", at(plan), "--model", "gpt-s", ...words]);
const recovered = async (plan: string, ...words: string[]) => {
  const { code, stdout, stderr } = await recover(plan, ...words);
  return { code, stderr, ...(stdout === "" ? {} : JSON.parse(stdout)) };
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-changes-"));
  writeFileSync(at("loads.json"), "[[9,7,5,3,2,1],[1,2,3,5,7,9]]");
  expect((await inProcess(["profile-load", at("loads.json"), "-o", at("profile.json")])).code).toBe(0);
  const place = ["place", at("profile.json"), "-n", "gpu[01-08]", "-c", "3", "--placement", "mro", "-o", at("p0.json")];
  expect((await inProcess(place)).code).toBe(0);
  expect((await recover("p0.json", "--failed", "gpu03", "-o", at("p1.json"))).code).toBe(0);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("planned changes", () => {
  test("are not charged for detection, which failures are, alone and among others", async () => {
    const detected = async (...words: string[]) => (await recovered("p0.json", ...words)).time.detectSeconds;
    expect(await detected("--failed", "gpu03")).toBe(15);
    expect(await detected("--failed", "gpu03", "--drain", "gpu04", "--joined", "gpu09")).toBe(15);
    for (const planned of [
      ["--joined", "1"],
      ["--drain", "gpu04"],
      ["--profile", at("profile.json")],
    ])
      expect(await detected(...planned)).toBe(0);
    const { stdout } = await recover("p0.json", "--drain", "gpu02", "--format", "table", "--regroup", "3s");
    expect(stdout).toMatch(/^Recovery drained: gpu02\n/);
    expect(stdout).toMatch(/Planned, so nothing to detect: transfer [\d.]+ s \(.*\);\s+then\s+regroup 3\.0 s/);
    expect(stdout).toMatch(/^gpu02 +[1-9]\d* +0 *$/m);
  });

  test("a drained node sends, receives nothing, and is in no later plan", async () => {
    const plan = await recovered("p0.json", "--drain", "gpu02,gpu04");
    expect(plan).toMatchObject({ code: 0, failed: [], drained: ["gpu02", "gpu04"], failedSoFar: ["gpu02", "gpu04"] });
    expect(plan.placement.nodes.map(({ name }: { name: string }) => name)).toEqual(names.filter((name) => !/0[24]/.test(name)));
    const ends = (end: "from" | "to") => plan.transfers.map((transfer: Record<string, string>) => transfer[end]);
    expect([ends("from").includes("gpu02"), ends("to").includes("gpu02")]).toEqual([true, false]);
  });

  test("the nodes to drain as a cluster manager says", async () => {
    const state = (name: string) => ({ gpu05: "drain", gpu06: "down+drain", gpu07: "down" })[name] ?? "idle";
    writeFileSync(at("states.txt"), `NODELIST STATE\n${names.map((name) => `${name} ${state(name)}`).join("\n")}\nx9 drain\n`);
    const plan = await recovered("p0.json", "--drain", `@${at("states.txt")}`);
    expect(plan).toMatchObject({ code: 0, drained: ["gpu05"] });
    expect(plan.stderr).toMatch(/nodes to drain that the placement does not have are left out: x9\n/);
    expect(plan.stderr).toMatch(/down, so that they hand nothing over, and left out: gpu06, gpu07; --failed takes them\n/);
    const both = await recovered("p0.json", "--drain", "gpu05,gpu06", "--failed", "gpu06");
    expect(both).toMatchObject({
      failed: ["gpu06"],
      drained: ["gpu05"],
      stderr: expect.stringMatching(/failed, so .*: gpu06\n/),
    });
  });

  test("what cannot be drained", async () => {
    const refused = async (message: RegExp, ...words: string[]) =>
      expect(await recovered("p0.json", ...words)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    await refused(/--drain: there is no node "gpu4"; did you mean gpu04\?/, "--drain", "gpu4");
    await refused(/--drain: "gpu04:0" is a GPU; expected whole nodes/, "--drain", "gpu04:0");
    await refused(/--drain: no node would be left; let others join first/, "--drain", "gpu[01-08]");
    await refused(/--failed @-: standard input cannot/, "--failed", "@-", "--drain", "@-");
    expect(await recovered("p1.json", "--drain", "gpu03")).toMatchObject({
      code: 0,
      moved: 0,
      stderr: expect.stringMatching(/have left/),
    });
  });
});

describe("the same failure twice", () => {
  test("is already handled: nothing moves, and the plan is followed all the same", async () => {
    for (const said of ["gpu03", "gpu03:0"]) {
      const again = await recovered("p1.json", "--failed", said);
      expect(again).toMatchObject({ code: 0, moved: 0, transfers: [], failed: [], failedSoFar: ["gpu03"], generation: 2 });
      expect(again.stderr).toBe(`lazarus: already handled by an earlier recovery: ${said}\n`);
      expect(again.placement).toEqual(JSON.parse(bytes("p1.json")).placement);
    }
    writeFileSync(at("dead.txt"), "gpu03\ngpu05\n");
    expect(await recovered("p1.json", "--failed", `@${at("dead.txt")}`)).toMatchObject({
      code: 0,
      failed: ["gpu05"],
      failedSoFar: ["gpu03", "gpu05"],
      generation: 2,
      follows: fingerprintOf(at("p1.json")),
    });
  });

  test("is over when the node is ready again: a line names it, and what takes it back", async () => {
    const states = (word: string) => names.map((name, n) => `${name} ${n === 2 ? word : "idle"}`).join("\n");
    const poll = (word: string) => {
      writeFileSync(at("now.txt"), `NODELIST STATE\n${states(word)}\n`);
      return recovered("p1.json", "--failed", `@${at("now.txt")}`);
    };
    const back = await poll("idle");
    expect(back).toMatchObject({ code: 0, moved: 0 });
    const [, remedy, name] = /alive again, .*; (--joined) (\S+) takes it back/.exec(back.stderr)!;
    expect(name).toBe("gpu03");
    expect(await recovered("p1.json", remedy!, name!)).toMatchObject({ code: 0, joined: ["gpu03"], failedSoFar: [] });
    expect((await poll("down")).stderr).not.toMatch(/alive again/);
  });

  test("is one again when the node had joined, and a typo never was", async () => {
    const joined = await recovered("p1.json", "--joined", "gpu03");
    expect(joined).toMatchObject({ failedSoFar: [], joined: ["gpu03"], generation: 2 });
    writeFileSync(at("joined.json"), JSON.stringify(joined));
    expect(await recovered("joined.json", "--failed", "gpu03")).toMatchObject({ code: 0, failed: ["gpu03"], generation: 3 });
    for (const typo of ["gpu3", "gpu33", "gup03"]) {
      const refused = await recovered("p1.json", "--failed", typo);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(`there is no node "${typo}"`) });
    }
  });

  test("a plan of an earlier version says what failed last", async () => {
    const { generation: _, follows: __, failedSoFar: ___, ...older } = JSON.parse(bytes("p1.json"));
    writeFileSync(at("older.json"), JSON.stringify(older));
    expect(await recovered("older.json", "--failed", "gpu03")).toMatchObject({ code: 0, moved: 0, failedSoFar: ["gpu03"] });
  });
});

describe("nodes that a list no longer has", () => {
  const node = (name: string, ready = "True") => ({
    kind: "Node",
    metadata: { name },
    status: { conditions: [{ type: "Ready", status: ready }] },
  });
  const failed = (source: object | string, ...words: string[]) => {
    writeFileSync(at("source"), typeof source === "string" ? source : JSON.stringify(source));
    return recovered("p0.json", "--failed", `@${at("source")}`, ...words);
  };
  const list = (without: readonly string[]) => ({
    kind: "List",
    items: names.filter((name) => !without.includes(name)).map((name) => node(name, name === "gpu06" ? "Unknown" : "True")),
  });
  const table = (...rows: string[]) => `NODELIST STATE\n${rows.join("\n")}\n`;

  test("have failed, where it has all, unless somebody says otherwise", async () => {
    const plan = await failed(list(["gpu03"]));
    expect(plan).toMatchObject({ code: 0, failed: ["gpu03", "gpu06"] });
    expect(plan.stderr).toMatch(/not in .*source any more, and counted as failed: gpu03 \(--missing alive, if they are not\)\n/);
    expect(await failed(list(["gpu03"]), "--missing", "alive")).toMatchObject({ failed: ["gpu06"], stderr: "" });
    expect(await failed("NAME STATUS\ngpu01 Ready\ngpu02 Ready\ngpu[04-08] Ready\n")).toMatchObject({ failed: ["gpu03"] });
  });

  test("are alive where most are missing, as in a list of a few, with a word", async () => {
    const few = list(names.slice(0, 5));
    const plan = await failed(few);
    expect(plan).toMatchObject({ code: 0, failed: ["gpu06"] });
    expect(plan.stderr).toMatch(
      /not in .*source, and taken as alive: gpu01, gpu02, gpu03, gpu04, gpu05; --missing failed counts/,
    );
    const foreign = await failed({ kind: "List", items: [node("control", "False")] });
    expect(foreign).toMatchObject({ code: 0, failed: [], moved: 0 });
    expect(foreign.stderr).toMatch(/left out: control\n.*taken as alive: .*\n.*nothing failed: /);
    expect(await failed(few, "--missing", "alive")).toMatchObject({ code: 0, failed: ["gpu06"] });
    expect((await failed(few, "--missing", "failed")).failed).toEqual([...names.slice(0, 6)]);
    expect((await failed(list(names.slice(0, 4)), "--spill", "cpu")).failed).toContain("gpu01");
  });

  test("are alive where sinfo may have been asked for some, with a word", async () => {
    const some = table("gpu01 idle", "gpu[02,04-08] down");
    const plan = await failed(some, "--spill", "cpu");
    expect(plan.failed).not.toContain("gpu03");
    expect(plan.stderr).toMatch(/not in .*source, and taken as alive: gpu03; --missing failed counts them as failed\n/);
    expect((await failed(some, "--missing", "failed")).failed).toContain("gpu03");
    const dead = await failed(table("gpu03 down"));
    expect(dead).toMatchObject({ code: 0, failed: ["gpu03"], stderr: "" });
  });

  test("--missing failed is refused where no list has all nodes", async () => {
    for (const source of ["gpu03\n", table("gpu03 down"), node("gpu03", "False")])
      expect(await failed(source, "--missing", "failed")).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/--missing failed is for/),
      });
    expect((await recovered("p0.json", "--failed", "gpu03", "--missing", "failed")).code).toBe(2);
  });
});

describe("a plan in the place of the one that it follows", () => {
  const copy = (name: string, from: string) => writeFileSync(at(name), bytes(from));

  test("follows it, generation by generation", async () => {
    copy("plan.json", "p0.json");
    for (const [i, name] of ["gpu03", "gpu05"].entries()) {
      const before = fingerprintOf(at("plan.json"));
      expect((await recover("plan.json", "--failed", name, "-o", at("plan.json"))).code).toBe(0);
      expect(JSON.parse(bytes("plan.json"))).toMatchObject({ generation: i + 1, follows: before, failed: [name] });
    }
  });

  test("has to change something, and to be recoverable", async () => {
    copy("plan.json", "p1.json");
    expect((await recover("plan.json", "--failed", "gpu03", "-o", at("plan.json"))).code).toBe(0);
    expect(bytes("plan.json")).toBe(bytes("p1.json"));
    for (const name of ["plan.json", "other.json"]) {
      copy(name, "p1.json");
      const lost = await recover("p1.json", "--failed", "gpu[01-02],gpu[04-08]", "-o", at(name));
      expect(lost).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/no plan: .*restart from a checkpoint.* \(.* left as it was\)/),
      });
      expect(bytes(name)).toBe(bytes("p1.json"));
    }
    const fresh = await recover("p1.json", "--failed", "gpu[01-02],gpu[04-08]", "-o", at("fresh.json"));
    expect([fresh.code, JSON.parse(bytes("fresh.json")).recoverable]).toEqual([3, false]);
    expect((await recover("p1.json", "--failed", "gpu03", "-o", at("unchanged.json"))).code).toBe(0);
    expect(JSON.parse(bytes("unchanged.json"))).toMatchObject({ moved: 0, recoverable: true });
  });

  test("is refused where another plan is expected, and nothing is written", async () => {
    const hash = fingerprintOf(at("p0.json")) as string;
    const words = ["--failed", "gpu05", "-o", at("expected.json"), "--expect"];
    const stale = await recover("p1.json", ...words, hash);
    expect(stale).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/p1.json is another plan, [0-9a-f]{64}; plan from/),
    });
    expect(() => bytes("expected.json")).toThrow();
    expect((await recover("p0.json", ...words, hash.toUpperCase())).code).toBe(0);
    expect(await recover("p0.json", ...words, hash.slice(1))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/64 hexadecimal/),
    });
  });
});

describe("the size of an expert", () => {
  const [words, said] = [
    ["recover", "--failed", "gpu02"],
    /an expert is taken to have 112 MiB, [\s\S]*--model or --expert-bytes/i,
  ];
  const size = async (...more: string[]) => {
    const { stdout, stderr } = await inProcess([...words, ...more], bytes("p0.json"));
    return { bytes: JSON.parse(stdout).transfers[0].bytes, stderr };
  };

  test("is said, or the model's, or assumed with a word", async () => {
    expect(await size("--expert-bytes", "3MB")).toEqual({ bytes: 3_000_000, stderr: "" });
    // GPT-S: two matrices of 768 x 3072, 14 bytes a parameter: the paper's 63 MB.
    expect(await size("--model", "gpt-s")).toEqual({ bytes: 2 * 768 * 3072 * 14, stderr: "" });
    expect(await size()).toEqual({ bytes: 112 * 2 ** 20, stderr: expect.stringMatching(said) });
    const table = await inProcess([...words, "--format", "table"], bytes("p0.json"));
    expect([table.stdout, table.stderr]).toEqual([expect.stringMatching(said), ""]);
    const still = await inProcess(["recover", "--failed", "gpu03"], bytes("p1.json"));
    expect(still.stderr).not.toMatch(said);
    const both = await inProcess([...words, "--model", "gpt-s", "--expert-bytes", "3MB"], bytes("p0.json"));
    expect(both).toMatchObject({ code: 2, stderr: expect.stringMatching(/both say/) });
  });
});

describe("the node that was meant", () => {
  test.each([
    ["gpu7", "gpu07"],
    ["gpu007", "gpu07"],
    ["GPU07", "gpu07"],
    ["gpu07.cluster.local", "gpu07"],
    ["gup07", "gpu07"],
    ["gpu-07", "gpu07"],
  ])("%s is %s", (typed, meant) => expect(closestNode(typed, ["login1", "gpu06", "gpu07", "gpu08"])).toBe(meant));

  test.each(["gpu17", "gpu70", "node07", "gpu", "gpu07:1", "x"])("%s is none: another number is another node", (typed) => {
    expect(closestNode(typed, ["login1", "gpu06", "gpu07", "gpu08"])).toBeUndefined();
  });

  test("of two that are as good, neither", () => {
    expect(closestNode("gpu7", ["gpu07", "gpu007"])).toBeUndefined();
    expect(closestNode("a1", ["a1.x", "a1.y"])).toBeUndefined();
  });
});

test("times need their units, wherever there are times", async () => {
  const refused = async (...words: string[]) =>
    expect((await inProcess(words)).stderr).toMatch(/expected a time with its unit such as 15s, 5m or 2h \(\d+s\?\), got "\d/);
  for (const name of ["--detect", "--regroup"]) await refused("recover", at("p0.json"), "--failed", "gpu03", name, "15");
  await refused("place", at("profile.json"), "-n", "4", "-c", "4", "--model", "gpt-s", "--hardware", "rtx3090", "--mtbf", "3");
  const simulate = ["simulate", "--load-spread", "1", "-n", "4"];
  await refused(...simulate, "--duration", "30");
  for (const name of ["--mtbf", "--fail-every", "--expected-mtbf", "--repair"])
    await refused(...simulate, "--duration", "30m", name, "30");
  await refused(...simulate, "--duration", "30m", "--failures", "300:1");
});
