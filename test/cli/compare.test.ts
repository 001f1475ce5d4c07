import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { comparisonFromCsv } from "../../src/formats/comparisonCsv.ts";
import type { ComparisonDocument } from "../../src/formats/documents/comparison.ts";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const words = (line: string) => line.replaceAll("@", `${folder}/`).split(" ");
const run = (line: string) => inProcess(words(line));
async function json<T = ComparisonDocument>(line: string): Promise<T> {
  const { code, stdout, stderr } = await run(line);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("bug")]);
  return JSON.parse(stdout);
}

/** Three layers, eight experts, the hottest of which changes from iteration to iteration. */
const log = (layers = 3, experts = 8) => {
  const rows = Array.from({ length: 30 }, (_, i) =>
    Array.from({ length: layers }, (_, layer) => {
      const loads = Array.from({ length: experts }, (_, e) => 20 + ((e * 37 + layer * 11 + i * 7) % 90) + (e === i % 5 ? 60 : 0));
      return `${i + 1},${layer},${loads.join()}`;
    }),
  );
  return `iteration,layer,${Array.from({ length: experts }, (_, e) => `e${e}`).join()}\n${rows.flat().join("\n")}\n`;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-compare-"));
  writeFileSync(at("log.csv"), log());
  writeFileSync(at("profile.json"), (await run("profile-load @log.csv --window 1:10")).stdout);
  writeFileSync(at("racks.csv"), "name,domain\na,r0\nb,r1\nc,r0\nd,r1\n");
  for (const placement of ["resilient", "eplb", "mro"]) {
    const place = `place @profile.json --cluster @racks.csv --gpus 2 -c 6 ${placement === "resilient" ? "--effort fast " : ""}--placement ${placement} -q`;
    writeFileSync(at(`${placement}.json`), (await run(place)).stdout);
    writeFileSync(at(`${placement}.csv`), (await run(`${place} --format csv`)).stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the figures are those of the other commands", () => {
  test.each(["resilient", "eplb", "mro"])("place --audit, for %s", async (name) => {
    writeFileSync(at("rtx2.json"), hardwareOfTwoGpus());
    const shares = name === "resilient" ? "free" : "even";
    const { plans } = await json(`compare @${name}.json --with spread --model gpt-s --hardware @rtx2.json --shares ${shares}`);
    const audit = await json<Audit>(`place --audit @${name}.json --model gpt-s --hardware @rtx2.json --format json`);
    const plan = plans[0];
    expect(plan!.balance).toMatchObject({ even: audit.balance.even, optimal: audit.balance.optimal });
    expect(plan!.stepSeconds).toBe(audit.cost.stepSeconds);
    expect(plan!.survival).toBe(audit.recovery.survival);
    expect(plan!.tolerates).toBe(audit.recovery.tolerates);
    for (const unit of ["gpu", "node", "domain"] as const) {
      const level = audit.recovery.byUnit[unit];
      expect(plan!.byUnit![unit]).toMatchObject({ count: level.count, tolerates: level.tolerates, survival: level.survival });
      expect(plan!.byUnit![unit]!.failures).toEqual(
        level.failures.slice(0, 4).map(({ failed, probability }) => ({ failed, probability })),
      );
    }
  });

  test.each(["even", "free"])("dispatch-plan, under %s shares: tokens by tier", async (shares) => {
    const { plans } = await json(`compare @resilient.json @eplb.json --shares ${shares}`);
    const policy = shares === "even" ? "lazarus" : "balanced";
    const nodeOf = (rank: number) => Math.floor(rank / 2);
    const tier = (from: number, to: number) =>
      from === to ? "rank" : nodeOf(from) === nodeOf(to) ? "node" : nodeOf(from) % 2 === nodeOf(to) % 2 ? "domain" : "remote";
    for (const [p, name] of ["resilient", "eplb"].entries()) {
      const dispatch = await json<Dispatch>(`dispatch-plan @${name}.json --policy ${policy}`);
      const tokens = { rank: 0, node: 0, domain: 0, remote: 0 };
      for (const { entries } of dispatch.layers) for (const [, from, to, count] of entries) tokens[tier(from, to)] += count;
      const all = Object.values(tokens).reduce((sum, count) => sum + count, 0);
      for (const name of ["rank", "node", "domain", "remote"] as const) expect(plans[p]!.traffic![name]).toBe(tokens[name] / all);
    }
  });

  test("recover, on the way to newer loads: what moves, what it is worth, and when it has paid", async () => {
    writeFileSync(at("later.json"), (await run("profile-load @log.csv --window 25:30")).stdout);
    writeFileSync(at("rtx2.json"), hardwareOfTwoGpus());
    const change = await json<Recovery>(
      "recover @mro.json --profile @later.json --prefer anew --expert-bytes 1GB --bandwidth 80Gbps",
    );
    writeFileSync(at("recovered.json"), JSON.stringify(change));
    const terms = "--profile @later.json --model gpt-s --hardware @rtx2.json --expert-bytes 1GB --shares even";
    const { plans, failureProbability } = await json(`compare @mro.json @recovered.json ${terms}`);
    const [before, after] = plans;
    expect(failureProbability).toBe(change.placement.recovery.failureProbability);
    expect(after!.moved).toBe(change.moved);
    expect(after!.moved).toBeGreaterThan(0);
    expect(after!.bytesMoved).toBe(change.transfers.reduce((sum, { bytes }) => sum + bytes, 0));
    const { even, evenMean, optimal, optimalMean } = change.placement.balance;
    expect(after!.balance).toEqual({ even, evenMean, optimal, optimalMean });
    expect(after!.survival).toBe(change.placement.recovery.survival);
    const saved = before!.stepSeconds! - after!.stepSeconds!;
    expect(after!.paybackSteps).toBe(saved > 0 ? Math.ceil(change.time.transferSeconds / saved) : undefined);
  });

  test("--with moves as much as the same plan from a file, and bytes in proportion", async () => {
    const { plans } = await json("compare @mro.json --with eplb --expert-bytes 3MB");
    const made = await json("compare @mro.json @eplb.json --shares even");
    expect(plans[1]).toMatchObject({ name: "eplb", policy: "eplb", moved: made.plans[1]!.moved });
    expect(plans[1]!.bytesMoved).toBe(plans[1]!.moved! * 3_000_000);
    expect(plans[0]).toMatchObject({ name: "mro.json", moved: 0, bytesMoved: 0 });
    const { plans: sized } = await json("compare @mro.json --with eplb --model gpt-s");
    writeFileSync(at("rtx2.json"), hardwareOfTwoGpus());
    const timed = await json("compare @mro.json --with eplb --model gpt-s --hardware @rtx2.json");
    expect(sized[1]!.bytesMoved).toBeGreaterThan(0);
    expect(sized[1]!.bytesMoved).toBe(timed.plans[1]!.bytesMoved);
    expect(sized[1]!.stepSeconds).toBeUndefined();
  });

  test("--with makes what place makes", async () => {
    const { plans } = await json("compare @mro.json --with resilient,mro --shares free");
    const same = await json("compare @mro.json @resilient.json @mro.csv --shares free");
    expect(plans.map(({ name }) => name)).toEqual(["mro.json", "resilient", "mro"]);
    const { name: _, ...again } = plans[2]!;
    expect(again).toEqual({ ...same.plans[2]!, name: undefined });
  });
});

test("where every GPU, or every domain, is a node, what survives nodes survives them: no figure is missing", async () => {
  writeFileSync(at("flat.json"), (await run("place @profile.json -n 8 -c 3 --effort fast -q")).stdout);
  const { stdout } = await run("compare @flat.json @resilient.json --format table --failure-probability 0.1");
  const row = (head: string) =>
    stdout
      .split("\n")
      .find((line) => line.startsWith(head))!
      .slice(head.length)
      .match(/\d\S* %|–/g)!;
  const survivals = ["survival, GPUs", "survival, nodes", "survival, domains"].map(row);
  expect(new Set(survivals.map(([flat]) => flat)).size).toBe(1);
  expect(new Set(survivals.map(([, other]) => other)).size).toBe(3);
  expect(survivals.flat()).not.toContain("–");
});

describe("routing", () => {
  test("the sum of the window judges, each of its iterations is replayed", async () => {
    const of = (window: string) => json(`compare @resilient.json @eplb.json --routing @log.csv --window ${window}`);
    const last = await of("last:5");
    expect(last).toEqual(await of("26:30"));
    expect(last).toMatchObject({ windows: [{ from: 26, to: 30 }], iterations: 5 });
    const one = await of("7:7");
    const { optimalMean } = one.plans[0]!.balance;
    const all = expect.closeTo(optimalMean, 12);
    expect(one.plans[0]!.steps).toEqual({ p50: all, p90: all, p99: all, max: all, mean: all });
    writeFileSync(at("sum.json"), (await run("profile-load @log.csv --method sum --window 26:30")).stdout);
    const sum = await json("compare @resilient.json @eplb.json --profile @sum.json");
    const figures = ({ plans }: ComparisonDocument) =>
      plans.map(({ balance, survival, traffic }) => ({ balance, survival, traffic }));
    expect(figures(sum)).toEqual(figures(last));
  });

  test("--dispatch replays other dispatchers beside the optimum, which none beats", async () => {
    const { plans } = await json("compare @eplb.json @resilient.json --routing @log.csv --dispatch lplb,even");
    for (const { dispatch, steps } of plans) {
      expect(Object.keys(dispatch!)).toEqual(["even", "lplb", "optimal"]);
      for (const name of ["p50", "p90", "p99", "max", "mean"] as const) {
        expect(dispatch!.optimal![name]).toBeLessThanOrEqual(dispatch!.lplb![name] + 1e-9);
        expect(dispatch!.lplb![name]).toBeLessThanOrEqual(dispatch!.even![name] + 1e-9);
      }
      expect(dispatch!.even).toEqual(steps);
    }
    const { stdout } = await run("compare @eplb.json @mro.json --routing @log.csv --dispatch lplb --format table");
    expect(stdout).toMatch(/^lplb dispatch, p50 +[\d.]+/m);
    expect(stdout).toMatch(/^optimal dispatch, p50 +[\d.]+/m);
    expect(stdout).not.toMatch(/^even dispatch/m);
  });

  test.each([
    ["compare @resilient.json --with eplb --routing @profile.json", /--routing .* is a load-profile.*--profile/],
    ["compare @resilient.json --with eplb --window 3:4", /--window says how to read --routing LOG/],
    ["compare @resilient.json --with eplb --dispatch lplb", /--dispatch says how to replay --routing LOG, which is not given/],
    [
      "compare @resilient.json --with eplb --dispatch lp --routing @log.csv",
      /--dispatch: expected dispatchers among even, lplb,/,
    ],
    ["compare @resilient.json --with eplb --routing @wide.csv", /wide.csv: iteration 1 has 9 experts; expected the 8/],
    ["compare @resilient.json --with eplb --routing @narrow.csv", /narrow.csv: there are 7 experts; expected the 8/],
    ["compare @resilient.json --with eplb --routing @flat.csv", /flat.csv: there is no layer 1 in iteration 1/],
    ["compare @resilient.json --with eplb --routing @log.csv --window 40:50", /no recorded iteration from 40 to 50/],
    ["compare @resilient.json", /there is one plan; name another.*--with/],
    ["compare @resilient.json @resilient.json", /is given twice/],
    ["compare @resilient.json --with eplp", /--with: expected policies among .*did you mean eplb|--with: expected/],
    ["compare @uneven.json --with eplb", /--with eplb: EPLB needs nodes that are alike/],
    ["compare - - --with eplb", /"standard input" is given twice|expected a plan/],
    ["compare @resilient.json @nine.json", /nine.json: layer 0 has 9 experts, in resilient.json it has 8/],
    ["compare @resilient.json --with eplb --profile @wide.csv", /wide.csv: there are 9 experts; expected the 8/],
  ])("%s", async (line, message) => {
    writeFileSync(at("wide.csv"), log(3, 9));
    writeFileSync(at("narrow.csv"), log(3, 7));
    writeFileSync(at("flat.csv"), log(1));
    writeFileSync(at("nine.json"), (await run("place @wide.csv -n 4 -c 6 --placement mro -q")).stdout);
    writeFileSync(at("uneven.csv"), "name,slots\na,6\nb,5\n");
    writeFileSync(at("uneven.json"), (await run("place @profile.json --cluster @uneven.csv --placement mro -q")).stdout);
    const { code, stdout, stderr } = await run(line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(message);
  });
});

describe("what differs", () => {
  test("other clusters: all but moves, and a line says so", async () => {
    writeFileSync(at("small.json"), (await run("place @profile.json -n 2 -c 8 --placement mro -q")).stdout);
    const { code, stdout, stderr } = await run("compare @resilient.json @small.json --shares even");
    const { plans } = JSON.parse(stdout) as ComparisonDocument;
    expect(code).toBe(0);
    expect(stderr).toMatch(/moves from resilient.json to small.json: not known/);
    expect(plans[1]).toMatchObject({ nodes: 2, ranks: 2, slots: 16 });
    expect(plans[1]).not.toHaveProperty("moved");
  });

  test("other layers: the common ones, and a line says so", async () => {
    const document = JSON.parse(readFileSync(at("eplb.json"), "utf8"));
    document.layers = document.layers.slice(1);
    writeFileSync(at("fewer.json"), JSON.stringify(document));
    const { stdout, stderr } = await run("compare @resilient.json @fewer.json");
    expect(JSON.parse(stdout)).toMatchObject({ layers: 2 });
    expect(stderr).toBe("lazarus: resilient.json: 1 of 3 layers are not in every plan, and left out\n");
    document.layers = document.layers.map((layer: object, l: number) => ({ ...layer, layer: 10 + l }));
    writeFileSync(at("other.json"), JSON.stringify(document));
    expect((await run("compare @resilient.json @other.json")).stderr).toMatch(/no layer of resilient.json is in it/);
  });

  test("a plan of an engine needs its nodes and loads, and is judged like ours", async () => {
    writeFileSync(
      at("sglang.json"),
      (await run("place @profile.json -n 4 --gpus 2 -c 6 --placement eplb --format sglang -q")).stdout,
    );
    const options = "-n 4 --gpus 2 --profile @profile.json";
    const { plans } = await json(`compare @sglang.json @eplb.json ${options}`);
    expect(plans[0]!.balance).toEqual(plans[1]!.balance);
    expect((await run("compare @sglang.json @eplb.json -n 4 --gpus 2")).stderr).toMatch(/with --profile/);
  });

  test("CSV goes in for JSON, and comes out a row a plan", async () => {
    const csv = await run("compare @resilient.csv @eplb.csv --routing @log.csv --format csv");
    const plans = await json("compare @resilient.json @eplb.json --routing @log.csv");
    const [header, ...rows] = csv.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    expect(rows).toHaveLength(2);
    rows.forEach((row, p) => {
      const cell = (name: string) => Number(row[header!.indexOf(name)]);
      const plan = plans.plans[p]!;
      expect(cell("steps_p99")).toBe(plan.steps!.p99);
      expect(cell("nodeP2")).toBe(plan.failures[1]!.probability);
      expect(cell("domainSurvival")).toBe(plan.byUnit!.domain!.survival);
      expect(cell("traffic_domain")).toBe(plan.traffic!.domain);
      expect(cell("moved")).toBe(plan.moved);
    });
  });

  test("a plan from standard input is called so", async () => {
    for (const line of ["compare --with eplb", "compare - --with eplb"]) {
      const { stdout } = await inProcess(line.split(" "), readFileSync(at("mro.json")));
      expect((JSON.parse(stdout) as ComparisonDocument).plans.map(({ name }) => name)).toEqual(["standard input", "eplb"]);
    }
  });

  test("no input is said to lack a plan", async () => {
    const { code, stderr } = await inProcess(["compare", "--with", "eplb"]);
    expect([code, stderr]).toEqual([
      2,
      "lazarus: standard input: there is no input; expected a plan: a placement, a recovery-plan or a plan of another system\n",
    ]);
  });

  test("the table marks the best of a row with a sign, and says what it comes to", async () => {
    const { stdout } = await run(
      "compare @resilient.json @eplb.json --routing @log.csv --shares even --format table --color never",
    );
    const { plans } = await json("compare @resilient.json @eplb.json --routing @log.csv --shares even");
    const [resilient, eplb] = plans;
    const row = stdout.split("\n").find((line) => line.startsWith("p50 iteration"))!;
    const [own, others] = [resilient!.steps!.p50, eplb!.steps!.p50].map((value) => value.toFixed(4));
    expect(row).toMatch(own! < others! ? new RegExp(`${own} \\*.*${others}$`) : new RegExp(`${own}.*${others} \\*$`));
    const percent = Math.abs((resilient!.steps!.p50 / eplb!.steps!.p50 - 1) * 100).toFixed(1);
    expect(stdout.replaceAll("\n  ", " ").split("\n")[1]).toMatch(
      new RegExp(`^resilient\\.json is ${percent} % (more|less) even in the median iteration than eplb\\.json`),
    );
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("what would be passed over in silence", () => {
  test.each([
    ["compare @eplb.json @mro.csv -n 4", /--nodes is for plans of other systems .*; a placement of ours says it itself/],
    ["compare @eplb.json @mro.csv --layer-base 0", /--layer-base is for plans of other systems/],
    ["dispatch-plan @mro.csv --gpus 2", /--gpus is for plans of other systems/],
    ["dispatch-plan @mro.json --profile @profile.json", /--profile is for plans of other systems/],
    ["compare @eplb.json --with mro,mro", /--with: expected each policy once/],
    ["compare @note.txt @eplb.json", /note.txt:1: this is neither a placement, JSON or CSV .*, nor a plan of another system/],
    ["place --audit @heading.md", /heading.md:1: this is neither a placement/],
  ])("%s", async (line, message) => {
    writeFileSync(at("note.txt"), "Note: the plans are in the other folder\n");
    writeFileSync(at("heading.md"), "# Plans\n\nThey are in the other folder.\n");
    const { code, stdout, stderr } = await run(line);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a policy that cannot place there is left out, with its reason; what is left is compared", async () => {
    writeFileSync(at("uneven.csv"), "name,slots\na,6\nb,7\nc,8\n");
    writeFileSync(
      at("uneven.json"),
      (await run("place @profile.json --cluster @uneven.csv --placement balanced --effort fast -q")).stdout,
    );
    const { code, stdout, stderr } = await run("compare @uneven.json --with eplb,mro");
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^lazarus: --with eplb: EPLB needs nodes that are alike: .*left out\n$/),
    ]);
    expect((JSON.parse(stdout) as ComparisonDocument).plans.map(({ name }) => name)).toEqual(["uneven.json", "mro"]);
    const alone = await run("compare @uneven.json --with eplb");
    expect([alone.code, alone.stderr]).toEqual([
      2,
      expect.stringMatching(/^lazarus: --with eplb: EPLB needs nodes that are alike: [^\n]*\n$/),
    ]);
  });

  test("a table of five and six plans keeps to the screen, and has all of them", async () => {
    for (const others of ["balanced,mro,spread,compact", "balanced,mro,spread,compact,resilient"]) {
      const { stdout } = await run(`compare @eplb.json --with ${others} --format table --color never`);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      const survival = stdout.split("\n").filter((line) => line.startsWith("survival, nodes"));
      expect(survival.flatMap((line) => line.match(/[\d.]+ %/g))).toHaveLength(others.split(",").length + 1);
    }
  });
});

describe("against a baseline", () => {
  const line = "compare @resilient.json @eplb.json --routing @log.csv --window 1:20 --shares even";
  const against = (change: (document: ComparisonDocument) => void, more = "") =>
    json(line).then((document) => {
      change(document);
      writeFileSync(at("baseline.json"), JSON.stringify(document));
      return run(`${line} --baseline @baseline.json${more}`);
    });

  test("the same figures hold, from JSON and CSV", async () => {
    expect(await against(() => {}, " --max-regression 0%")).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await run(line);
    writeFileSync(at("baseline.csv"), (await run(`${line} --format csv`)).stdout);
    expect(await run(`${line} --baseline @baseline.csv --max-regression 0%`)).toEqual({ code: 0, stdout, stderr: "" });
  });

  test("CSV holds all that JSON does", async () => {
    const unreplayed = "compare @resilient.json @eplb.json --expert-bytes 1MB --failure-probability 0.1";
    for (const settings of [line, `${line} --dispatch lplb,even`, unreplayed]) {
      const document = await json(settings);
      expect(comparisonFromCsv((await run(`${settings} --format csv`)).stdout, "x.csv")).toEqual(document);
    }
    const csv = (await run(`${line} --format csv`)).stdout;
    expect(() => comparisonFromCsv(csv.replace(",eplb,4,", ",eplb,many,"), "x.csv")).toThrow(
      /nodes is "many"; expected a number: correct the row/,
    );
    const lastRow = csv.lastIndexOf("\neven,");
    const mixed = `${csv.slice(0, lastRow)}\nfree,${csv.slice(lastRow + 6)}`;
    expect(() => comparisonFromCsv(mixed, "x.csv")).toThrow(/this row is of another comparison/);
  });

  test("a worse figure fails beyond what is allowed, and a line names it; the result is written", async () => {
    const better = (document: ComparisonDocument) => {
      document.plans[1]!.steps!.p99 /= 1.05;
    };
    const failed = await against(better);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^lazarus: eplb.json is worse than the baseline: p99 iteration [\d.]+, it was [\d.]+\n$/),
    });
    expect(JSON.parse(failed.stdout).type).toBe("comparison");
    expect((await against(better, " --max-regression 6%")).code).toBe(0);
    const safer = await against((document) => {
      document.plans[0]!.tolerates++;
    }, " --max-regression 90%");
    expect(safer).toMatchObject({ code: 1, stderr: expect.stringContaining("failed nodes that are always survived") });
  });

  test("other terms, other plans and other documents are refused, new plans said", async () => {
    expect((await against((document) => document.plans.splice(1))).stderr).toMatch(/eplb.json is not in the baseline/);
    expect((await against((document) => document.plans.splice(0, 2, { ...document.plans[0]!, name: "x" }))).code).toBe(2);
    expect((await run("compare @resilient.json --with mro --shares free --baseline @baseline.json")).stderr).toMatch(
      /the baseline was made with --shares even, this with free; give --shares even/,
    );
    expect((await run(`${line} --baseline @eplb.json`)).stderr).toMatch(/this is a placement; a comparison is wanted here/);
    expect((await run(`${line} --baseline @eplb.csv`)).stderr).toMatch(/this is a placement; a comparison is wanted here/);
  });
});

interface Audit {
  readonly balance: { readonly even: number; readonly optimal: number };
  readonly cost: { readonly stepSeconds: number };
  readonly recovery: {
    readonly survival: number;
    readonly tolerates: number;
    readonly byUnit: Record<
      "gpu" | "node" | "domain",
      {
        readonly count: number;
        readonly tolerates: number;
        readonly survival: number;
        readonly failures: readonly { readonly failed: number; readonly probability: number }[];
      }
    >;
  };
}

interface Recovery {
  readonly moved: number;
  readonly transfers: readonly { readonly bytes: number }[];
  readonly time: { readonly transferSeconds: number };
  readonly placement: {
    readonly balance: {
      readonly even: number;
      readonly evenMean: number;
      readonly optimal: number;
      readonly optimalMean: number;
    };
    readonly recovery: { readonly survival: number; readonly failureProbability: number };
  };
}

interface Dispatch {
  readonly layers: readonly { readonly entries: readonly (readonly [number, number, number, number])[] }[];
}

function hardwareOfTwoGpus(): string {
  const preset = JSON.parse(readFileSync(`${root}src/formats/presets/rtx3090.json`, "utf8"));
  return JSON.stringify({ ...preset, gpusPerNode: 2 });
}
