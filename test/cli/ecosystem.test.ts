import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planSystems } from "../../src/formats/plans/plan.ts";
import { inProcess } from "../support/inProcess.ts";
import { shell } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
/** A policy that gives no device an expert twice, which vllm-ascend could not load. */
const evenly = ["--placement", "balanced", "--shares", "even"];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-ecosystem-"));
  expect((await inProcess(["profile-load", "fixtures/routing.csv", "-o", at("profile.json")])).code).toBe(0);
  for (const [policy, name] of [
    [["--placement", "mro"], "placement.json"],
    [evenly, "even.json"],
  ] as const) {
    const words = ["place", at("profile.json"), "-n", "gpu[01-10]", "-c", "6", ...policy, "-o", at(name)];
    expect((await inProcess(words)).code).toBe(0);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const placement = () => JSON.parse(readFileSync(at("even.json"), "utf8"));

describe.each(planSystems)("plans: %s", (system) => {
  const numbering = ["--num-dense-layers", "2"];
  const nodes = ["--nodes", "gpu[01-10]"];
  const make = () =>
    inProcess(["place", at("profile.json"), ...nodes, "-c", "6", ...evenly, "--format", system, ...numbering, "-o", at(system)]);

  test("audited, a plan has the recovery and balance of the placement it was made from", async () => {
    await make();
    const { code, stdout } = await inProcess([
      "place",
      at("profile.json"),
      "--audit",
      at(system),
      ...nodes,
      ...numbering,
      "--shares",
      "even",
    ]);
    expect(code).toBe(0);
    const audited = JSON.parse(stdout);
    const { recovery, balance, layers } = placement();
    expect(audited.layers).toEqual(layers);
    expect(audited.balance).toEqual(balance);
    expect(audited.recovery.failures).toEqual(recovery.failures);
    expect(audited.policy.placement).toBe(system);
  });

  test("recovered, it leads to the same plan as the placement", async () => {
    await make();
    const words = ["--failed", "gpu03", ...evenly, "--format", system, ...numbering];
    const own = await inProcess(["recover", at("even.json"), ...words]);
    const foreign = await inProcess(["recover", at(system), "--profile", at("profile.json"), ...nodes, ...words]);
    expect(foreign).toEqual(own);
    expect(own.code).toBe(0);
  });

  test("what a plan does not say is asked for", async () => {
    await make();
    const refused = async (words: string[], message: RegExp) => {
      expect(await inProcess(words)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
    };
    await refused(["recover", at(system), "--failed", "gpu03"], /how many nodes are there/);
    await refused(["recover", at(system), ...nodes, "--failed", "gpu03"], /says nothing about loads/);
    await refused(["recover", at(system), ...nodes, "--profile", at("profile.json"), ...numbering], /name a policy/);
    await refused(["place", "--audit", at(system), "--nodes", "7", at("profile.json"), ...numbering], /evenly/);
    const lost = await inProcess(["recover", at("placement.json"), "--failed", "gpu[01-02]", "--format", system]);
    expect(lost).toMatchObject({ code: 3, stdout: "", stderr: expect.stringMatching(/no live replica/) });
  });
});

describe("recover --failed", () => {
  const failed = async (source: string, text: string, ...words: string[]) => {
    writeFileSync(at(source), text);
    return inProcess(["recover", at("placement.json"), "--failed", `@${at(source)}`, ...words]);
  };

  test("nodes of others are left out with a warning, and nothing failed where there are only others", async () => {
    const { code, stdout, stderr } = await failed("down.txt", "gpu03\nlogin[1-2]\n");
    expect([code, JSON.parse(stdout).failed]).toEqual([0, ["gpu03"]]);
    expect(stderr).toMatch(/left out: login1, login2/);
    const others = await failed("others.txt", "node[1-3]\n");
    expect(others.stderr).toMatch(/left out: node1, node2, node3\n.*nothing failed: .*others.txt names no node of the plan/);
    expect([others.code, JSON.parse(others.stdout).moved]).toEqual([0, 0]);
    const typo = await failed("typo.txt", "gpu03\ngpu4\n");
    expect(typo).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/no node "gpu4"; did you mean gpu04\?/) });
    expect((await inProcess(["recover", at("placement.json"), "--failed", "gpu03,login1"])).stderr).toMatch(/no node "login1"/);
  });

  test("nobody failed", async () => {
    const { code, stdout } = await failed("none.txt", "\n");
    expect([code, JSON.parse(stdout).failed, JSON.parse(stdout).moved]).toEqual([0, [], 0]);
  });

  test("standard input holds one thing only", () => {
    expect(shell(`lazarus recover --failed @- < ${at("placement.json")}`)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/standard input cannot hold the placement/),
    });
    const { code, stdout } = shell(
      `echo 'gpu[03-04]' | lazarus recover ${at("placement.json")} --failed @- --format csv | head -1`,
    );
    expect([code, stdout]).toEqual([0, "round,layer,expert,from,to,bytes,source\n"]);
  });

  test("AWS instances without their nodes", async () => {
    const { code, stderr } = await inProcess(["recover", at("placement.json"), "--failed", "i-0abc12"]);
    expect(stderr).toMatch(/there is no node "i-0abc12"; .*; --instances names the nodes of AWS instances\n$/);
    expect(code).toBe(2);
  });

  test("AWS instances by the nodes' provider ids", async () => {
    const nodes = {
      kind: "List",
      items: [{ kind: "Node", metadata: { name: "gpu05" }, spec: { providerID: "aws:///us-east-1a/i-05" } }],
    };
    writeFileSync(at("nodes.json"), JSON.stringify(nodes));
    const notice = {
      "detail-type": "EC2 Spot Instance Interruption Warning",
      detail: { "instance-id": "i-05", "instance-action": "terminate" },
    };
    const { code, stdout } = await failed("notice.json", JSON.stringify(notice), "--instances", at("nodes.json"));
    expect([code, JSON.parse(stdout).failed]).toEqual([0, ["gpu05"]]);
  });
});

describe("what a cluster manager says of nodes that a placement does not have", () => {
  const recover = async (name: string, text: string, ...more: string[]) => {
    writeFileSync(at(name), text);
    return inProcess(["recover", at("placement.json"), "--failed", `@${at(name)}`, "--format", "table", ...more]);
  };
  const unready = (name: string) =>
    JSON.stringify({ kind: "Node", metadata: { name }, status: { conditions: [{ type: "Ready", status: "False" }] } });

  test("is left out with a warning, though nothing be left", async () => {
    const nothing = {
      code: 0,
      stdout: expect.stringMatching(/nothing failed/),
      stderr: expect.stringMatching(/left out: login1/),
    };
    expect(await recover("foreign.json", unready("login1"))).toMatchObject(nothing);
    expect(await recover("foreign.txt", "NODELIST STATE\nlogin1 down\n")).toMatchObject(nothing);
    const notice = { "detail-type": "EC2 Spot Instance Interruption Warning", detail: { "instance-id": "i-0a" } };
    expect(await recover("notice.json", JSON.stringify(notice))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--instances/),
    });
    writeFileSync(at("instances.csv"), "instance,node\ni-0b,gpu01\n");
    const told = await recover("notice.json", JSON.stringify(notice), "--instances", at("instances.csv"));
    expect(told).toMatchObject({ code: 0, stderr: expect.stringMatching(/left out: i-0a/) });
  });

  test("is refused in a bare list: a table without its header is no host list", async () => {
    const headless = await recover("headless.txt", "gpu up infinite 1 down* gpu03\ngpu up infinite 2 alloc gpu[01-02]\n");
    expect(headless).toMatchObject({ code: 2, stdout: "" });
    const plain = await recover("plain.txt", "gpu up infinite 1 down gpu03\n");
    expect(plain).toMatchObject({ code: 2, stderr: expect.stringMatching(/:1: "gpu" is no node; .*header/) });
    expect(await recover("names.txt", "gpu03\nlogin1\n")).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/left out: login1/),
    });
  });

  test("other notices of a batch are counted", async () => {
    const of = (kind: string) => ({ "detail-type": kind, detail: { "instance-id": "i-0b" } });
    writeFileSync(at("instances.csv"), "instance,node\ni-0b,gpu01\n");
    const batch = JSON.stringify([of("EC2 Spot Instance Interruption Warning"), of("AWS Health Event")]);
    const told = await recover("batch.json", batch, "--instances", at("instances.csv"));
    expect(told).toMatchObject({ code: 0, stderr: expect.stringMatching(/1 notice left out.*AWS Health Event/) });
    expect(told.stdout).toMatch(/gpu01/);
  });
});

describe("layers of plans", () => {
  const record = JSON.stringify({
    logical_count: [
      [0, 0, 0, 0],
      [6, 5, 5, 4],
      [9, 1, 1, 1],
    ],
  });
  const place = (profile: string, format: string, ...more: string[]) =>
    inProcess(["place", "-n", "2", "-c", "3", "-f", "1", "--placement", "eplb", "--format", format, ...more], profile);

  test("a recorder of hidden layers gives a plan of the MoE layers alone", async () => {
    const profile = (await inProcess(["profile-load"], record)).stdout;
    const trtllm = await place(profile, "trtllm", "--num-dense-layers", "1");
    expect(trtllm.stdout.match(/^ {2}\d+:/gm)).toEqual(["  1:", "  2:"]);
    const sglang = JSON.parse((await place(profile, "sglang", "--num-dense-layers", "1")).stdout);
    expect(sglang.physical_to_logical_map).toHaveLength(3);
    // The message's own words lead to the plan.
    const refusal = await place(profile, "vllm");
    const remedy = /--layer-base \d+/.exec(refusal.stderr)?.[0].split(" ") ?? [];
    expect(refusal.code).toBe(2);
    expect(JSON.parse((await place(profile, "vllm", ...remedy)).stdout)).toEqual(sglang.physical_to_logical_map.slice(1));
  });

  const profileOf = (layers: { layer: number; loads: number[] }[]) => {
    const window = { from: 0, to: 0, iterations: 1, method: "mean" };
    return JSON.stringify({ type: "load-profile", version: 1, experts: 4, window, layers });
  };
  const idle = [0, 0, 0, 0];
  const busy = [6, 5, 5, 4];
  const layersIn = ({ stdout }: { stdout: string }) => stdout.match(/^ {2}\d+:/gm)?.map((text) => Number.parseInt(text, 10));
  /** Options that a message says, at its n-th "--". */
  const said = (stderr: string, option: string) => new RegExp(`${option} [\\d,:-]+`).exec(stderr)?.[0].split(" ") ?? [];

  test("layers without tokens in front are checked against --num-dense-layers, and a message's options lead on", async () => {
    const profile = profileOf([
      { layer: 0, loads: idle },
      { layer: 1, loads: idle },
      { layer: 2, loads: busy },
    ]);
    const agreed = await place(profile, "trtllm", "--num-dense-layers", "2");
    expect(layersIn(agreed)).toEqual([2]);
    expect(agreed.stderr).toMatch(/layers 0 to 1 without tokens \(dense\) left out; the first MoE layer is 2/);
    writeFileSync(at("dense.yaml"), agreed.stdout);
    const audit = await inProcess(
      ["place", "-", "--audit", at("dense.yaml"), "-n", "2", "--num-dense-layers", "2", "--format", "json"],
      profile,
    );
    expect(JSON.parse(audit.stdout).layers.map(({ layer }: { layer: number }) => layer)).toEqual([2]);
    for (const format of ["trtllm", "sglang", "vllm", "ascend"] as const) {
      const refusal = await place(profile, format, "--num-dense-layers", "1");
      expect(refusal).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/its first layer is 2/),
      });
      const mended = await place(
        profile,
        format,
        ...said(refusal.stderr, format === "trtllm" || format === "sglang" ? "--num-dense-layers" : "--layer-base"),
      );
      expect(mended.code).toBe(0);
      if (format === "trtllm") expect(layersIn(mended)).toEqual([2]);
      if (format === "sglang") expect(JSON.parse(mended.stdout).physical_to_logical_map).toHaveLength(3);
      if (format === "vllm") expect(JSON.parse(mended.stdout)).toHaveLength(1);
    }
  });

  test("dense layers that are said wrong: both ways out of the message are right", async () => {
    const profile = profileOf([
      { layer: 3, loads: busy },
      { layer: 4, loads: busy },
    ]);
    const refusal = await place(profile, "trtllm", "--num-dense-layers", "2");
    expect(refusal).toMatchObject({ code: 2, stderr: expect.stringMatching(/first layer is 3, but 2 dense layers come/) });
    expect(layersIn(await place(profile, "trtllm", ...said(refusal.stderr, "--num-dense-layers")))).toEqual([3, 4]);
    const counted = ["--num-dense-layers", "2", ...said(refusal.stderr, "--layer-base")];
    expect(layersIn(await place(profile, "trtllm", ...counted))).toEqual([2, 3]);
  });

  test("dense layers between MoE layers: the message's list leads to the plan, which is audited as it was made", async () => {
    const rows = [0, 1, 2, 3, 4, 5].map((layer) => ({ layer, loads: layer % 2 === 0 ? idle : busy }));
    for (const layers of [rows, rows.filter(({ layer }) => layer % 2 === 1)]) {
      const profile = profileOf(layers);
      const refusal = await place(profile, "trtllm");
      expect(refusal.code).toBe(2);
      const list = said(refusal.stderr, "--moe-layers");
      expect(list).toEqual(["--moe-layers", "1-5:2"]);
      const plan = await place(profile, "trtllm", ...list);
      expect(layersIn(plan)).toEqual([1, 3, 5]);
      const sglang = await place(profile, "sglang", ...list);
      expect(JSON.parse(sglang.stdout).physical_to_logical_map).toHaveLength(6);
      writeFileSync(at("interleaved.json"), sglang.stdout);
      const audit = await inProcess(
        ["place", "-", "--audit", at("interleaved.json"), "-n", "2", "--format", "json", ...list],
        profile,
      );
      expect(JSON.parse(audit.stdout).layers.map(({ layer }: { layer: number }) => layer)).toEqual([1, 3, 5]);
    }
    expect((await place(profileOf(rows), "trtllm", "--moe-layers", "1,3")).stderr).toMatch(/not layer 5, which has tokens/);
    const torn = await place(profileOf(rows), "trtllm", "--moe-layers", "1-5:2", "--num-dense-layers", "2");
    expect(torn).toMatchObject({ code: 2, stderr: expect.stringMatching(/do not agree; leave --num-dense-layers out/) });
  });

  test("dense layers between MoE layers in our own documents: named, and left out where the message's list says so", async () => {
    const profile = profileOf([0, 1, 2, 3, 4, 5].map((layer) => ({ layer, loads: layer % 2 === 0 ? idle : busy })));
    const made = async (...words: string[]) => {
      const run = await inProcess(["place", "-n", "2", "-c", "3", "-f", "1", "--placement", "spread", ...words], profile);
      return { ...run, layers: JSON.parse(run.stdout).layers.map(({ layer }: { layer: number }) => layer) };
    };
    const all = await made();
    // Those in front are left out as they are read.
    expect(all).toMatchObject({ code: 0, layers: [1, 2, 3, 4, 5], stderr: expect.stringMatching(/layers 2,4 without tokens/) });
    const list = said(all.stderr, "--moe-layers");
    const named = await made(...list);
    expect(named).toMatchObject({
      layers: [1, 3, 5],
      stderr: expect.stringMatching(/layers 2,4 without tokens \(dense\) left out/),
    });
    // A layer of experts that nobody chose is placed if it is named.
    expect((await made("--moe-layers", "1-3,5")).layers).toEqual([1, 2, 3, 5]);
  });

  test("loads for SGLang's own balancer: a row for every layer of the model", async () => {
    const counts = async (words: string[], input = record) => {
      const run = await inProcess(["profile-load", "--format", "sglang", ...words], input);
      return { ...run, rows: run.code === 0 ? JSON.parse(run.stdout).logical_count : undefined };
    };
    const odd = "layer,e0,e1\n1,5,6\n3,1,2\n5,9,8\n";
    expect((await counts(["--moe-layers", "1-5:2"], odd)).rows).toEqual([
      [0, 0],
      [5, 6],
      [0, 0],
      [1, 2],
      [0, 0],
      [9, 8],
    ]);
    for (const list of ["1,3", "1-7:2"])
      expect((await counts(["--moe-layers", list], odd)).stderr).toMatch(/hold this profile: .*not layer 5, which has tokens/);
    expect((await counts(["--layer-base", "3"], odd)).stderr).toMatch(/first layer is 1, .*; say --layer-base 1 /);
    const whole = await counts([]);
    expect(whole.rows).toEqual(JSON.parse(record).logical_count);
    expect(whole.stderr).toMatch(/3 rows, which have to be the layers of the model; 0 without tokens/);
    expect((await counts(["--num-dense-layers", "2"], "[[1,2],[3,4]]")).rows).toEqual([
      [0, 0],
      [0, 0],
      [1, 2],
      [3, 4],
    ]);
    expect((await counts(["--moe-layers", "1,3"], "[[1,2],[3,4]]")).rows).toEqual([
      [0, 0],
      [1, 2],
      [0, 0],
      [3, 4],
    ]);
    const refusal = await counts(["--num-dense-layers", "2"]);
    expect(refusal).toMatchObject({ code: 2, stderr: expect.stringMatching(/first layer is 1, but 2 dense layers come/) });
    expect((await counts(said(refusal.stderr, "--num-dense-layers"))).rows).toEqual(whole.rows);
    expect((await counts(["--num-dense-layers", "2", ...said(refusal.stderr, "--layer-base")])).rows).toHaveLength(4);
  });

  test("slots that hold what their rank has already are counted, and SGLang's option is named", async () => {
    const profile = (await inProcess(["profile-load"], "[[90, 1, 1, 1]]")).stdout;
    const crowded = (format: string) =>
      inProcess(["place", "-n", "2", "-c", "6", "--gpus", "2", "-f", "1", "--placement", "eplb", "--format", format], profile);
    const { code, stdout, stderr } = await crowded("sglang");
    const row: number[] = JSON.parse(stdout).physical_to_logical_map[0];
    const wasted = [0, 3, 6, 9].reduce((sum, from) => sum + 3 - new Set(row.slice(from, from + 3)).size, 0);
    expect(code).toBe(0);
    expect(wasted).toBeGreaterThan(0);
    expect(stderr).toContain(`${wasted} of 12 slots hold an expert that their rank has already`);
    expect(stderr).toContain("--ep-num-redundant-experts 8");
    const refused = await crowded("ascend");
    expect(refused).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(`${wasted} of 12 slots hold an expert`),
    });
    const remedy = /--placement (\w+)/.exec(refused.stderr)?.[1] ?? "";
    const mended = ["place", "-n", "2", "-c", "6", "--gpus", "2", "-f", "1", "--placement", remedy, "--format", "ascend"];
    expect((await inProcess(mended, profile)).code).toBe(0);
  });
});
