/** JSON and CSV on every pipe: whatever a hop is written in, the next command's output has the same bytes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readPlan } from "../../src/commands/readPlan.ts";
import { benchCsv, benchFromCsv } from "../../src/formats/benchCsv.ts";
import type { BenchDocument } from "../../src/formats/documents/bench.ts";
import { inProcess } from "../support/inProcess.ts";
import { shell } from "../support/lazarus.ts";

const RUNS = process.env["FUZZ_RUNS"] === undefined ? { numRuns: 4 } : {};
const FORMATS = ["json", "csv"] as const;

const folder = mkdtempSync(join(tmpdir(), "lazarus-csv-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const kept = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

async function output(words: string, input: string): Promise<string> {
  const { code, stdout, stderr } = await inProcess(words.split(" "), input);
  expect(`${code} ${stderr}`, `${words}\n${input.slice(0, 2000)}`).toMatch(/^[03] /);
  return stdout;
}

/** A document as both formats have it. */
interface Both {
  readonly json: string;
  readonly csv: string;
}

/** A plan names the bytes that it follows, and these are not the same. */
function withoutHash(text: string): string {
  return text.replace(/"follows":"\w{64}",/g, "");
}

/** What a command makes of a document, which has to be the same whichever format it was in. */
async function next(words: string, { json, csv }: Both, csvOption = ""): Promise<Both> {
  const made = { json: "", csv: "" };
  for (const format of FORMATS) {
    const line = `${words} --format ${format}${format === "csv" ? csvOption : ""}`;
    made[format] = await output(line, json);
    expect(withoutHash(await output(line, csv)), `${line}\n${csv.slice(0, 2000)}`).toBe(withoutHash(made[format]));
  }
  return made;
}

/** A job: a log, the nodes, and how placements are made. */
const jobs = fc
  .record({
    experts: fc.integer({ min: 2, max: 6 }),
    layers: fc.integer({ min: 1, max: 2 }),
    steps: fc.integer({ min: 1, max: 3 }),
    ranks: fc.integer({ min: 1, max: 3 }),
    nodes: fc.array(
      fc.record({
        slots: fc.integer({ min: 1, max: 5 }),
        gpus: fc.integer({ min: 1, max: 4 }),
        domain: fc.constantFrom(undefined, "rack a", "x,y", 'the "left"'),
      }),
      { minLength: 2, maxLength: 4 },
    ),
    policy: fc.constantFrom("resilient", "balanced", "mro", "spread", "compact", "balanced --shares even", "eplb"),
    minReplicas: fc.constantFrom("", " -f 1"),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map(({ nodes, policy, ...job }) => ({
    ...job,
    cluster: nodes.map((node, n) => ({ name: `n${n}`, ...node })),
    policy,
  }));

type Job = typeof jobs extends fc.Arbitrary<infer T> ? T : never;

function logOf({ experts, layers, steps, ranks, seed }: Job): string {
  let state = seed;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const rows = ["iteration,layer,rank,expert,tokens"];
  for (let step = 0; step < steps; step++) {
    for (let layer = 0; layer < layers; layer++) {
      for (let rank = 0; rank < ranks; rank++) {
        for (let expert = 0; expert < experts; expert++) {
          rows.push(`${step * 10},${layer + 3},${rank},${expert},${expert === 0 ? 1 : random(4) * random(1000)}`);
        }
      }
    }
  }
  return `${rows.join("\n")}\n`;
}

async function placed(job: Job, profiles: Both): Promise<Both> {
  const cluster = kept("cluster.json", JSON.stringify(job.cluster));
  const slots = job.cluster.reduce((sum, node) => sum + node.slots, 0);
  // EPLB wants equal ranks.
  const policy = job.policy === "eplb" ? "mro --allocation lazarus" : job.policy;
  const spill = slots < job.experts ? " --spill cpu" : "";
  return next(`place --cluster ${cluster} --placement ${policy}${job.minReplicas}${spill}`, profiles);
}

async function profiled(job: Job, options = ""): Promise<Both> {
  const log = logOf(job);
  const made = { json: "", csv: "" };
  for (const format of FORMATS) made[format] = await output(`profile-load${options} --format ${format}`, log);
  return made;
}

describe("the same bytes from JSON and CSV", () => {
  test("profile-load to place, simulate and itself", async () => {
    await fc.assert(
      fc.asyncProperty(jobs, async (job) => {
        const profiles = await profiled(job, " --by-rank --every 1");
        await placed(job, profiles);
        await next("profile-load --by-rank", profiles);
        await next("profile-load --top-experts 2", profiles);
        const model = kept(
          "model.json",
          JSON.stringify({
            ...(await import("../../src/formats/presets/gpt-s.json")).default,
            experts: job.experts,
            slotsPerNode: 6,
          }),
        );
        await next(`simulate --model ${model} -n 3 --mtbf 5m --duration 10m --systems lazarus`, profiles);
      }),
      RUNS,
    );
  });

  test("place to dispatch-plan, recover, the audit and bench, one window or several", async () => {
    await fc.assert(
      fc.asyncProperty(jobs, fc.boolean(), async (job, several) => {
        const placements = await placed(job, await profiled(job, several ? " --every 1" : ""));
        await next("dispatch-plan --policy lazarus", placements);
        await next("dispatch-plan --weights", placements);
        await next("place --audit -", placements);
        const dispatch = await next("dispatch-plan", placements);
        if (several && job.steps > 1) return;
        const files = [placements, dispatch].flatMap(({ json, csv }, i) => [kept(`${i}.json`, json), kept(`${i}.csv`, csv)]);
        const plans = [];
        for (const file of files) plans.push(await readPlan(file, 512));
        expect(plans[1]).toEqual(plans[0]);
        expect(plans[3]).toEqual(plans[2]);
      }),
      RUNS,
    );
  });

  test("a dispatch-plan says how many ranks there are, also those without tokens", async () => {
    const placement = await output("place -n 3 -c 1 -f 1", "[[1,0]]");
    const json = await output("dispatch-plan", placement);
    const csv = await output("dispatch-plan --format csv", placement);
    expect(JSON.parse(json).layers[0].entries).toEqual([[0, 0, expect.any(Number), 1]]);
    const plan = await readPlan(kept("idle.json", json), 512);
    expect(plan.busiest.maxOverMean).toBe(3);
    expect(await readPlan(kept("idle.csv", csv), 512)).toEqual(plan);
    expect(csv.endsWith(",2,2,0\n") || JSON.parse(json).layers[0].entries[0][2] === 2).toBe(true);
  });

  test("recover to dispatch-plan, recover and the audit", async () => {
    await fc.assert(
      fc.asyncProperty(jobs, fc.boolean(), async (job, several) => {
        const placements = await placed(job, await profiled(job, several ? " --every 1" : ""));
        const recover = "recover --effort normal --spill cpu";
        await next(`${recover} --failed n0`, placements);
        const recovered = await next(`${recover} --failed n0`, placements, " --rows placement");
        // Of several, those that are not recoverable have no rows.
        if (recovered.json.includes('"recoverable":false')) return;
        await next("dispatch-plan", recovered);
        await next("place --audit -", recovered);
        await next(`${recover} --gpus 2 --slots 3 --joined fresh`, recovered, " --rows placement");
      }),
      RUNS,
    );
  });

  test("a dead GPU stays dead, and comes back", async () => {
    const made = { json: "", csv: "" };
    for (const format of FORMATS)
      made[format] = await output(`place -n 3 -c 4 --gpus 2 --effort normal --format ${format}`, "[[9,4,3,2,1,1]]");
    const crippled = await next("recover --effort normal --failed node1:0", made, " --rows placement");
    expect(crippled.csv).toMatch(/^0,node1,,2,,,,resilient,free,2,1,1$/m);
    await next("dispatch-plan", crippled);
    await next("place --audit -", crippled);
    await next("recover --effort normal --failed node0:1", crippled, " --rows placement");
    await next("recover --effort normal --joined node1:0", crippled, " --rows placement");
    const broken = crippled.csv.replace("resilient,free,2,1,1\n", "resilient,free,2,1,x\n");
    expect((await inProcess(["dispatch-plan"], broken)).stderr).toMatch(/dead is "x"; expected 1/);
  });

  test("dead nodes that keep their ranks, and experts that are restored", async () => {
    await fc.assert(
      fc.asyncProperty(jobs, fc.boolean(), async (job, several) => {
        const placements = await placed(job, await profiled(job, several ? " --every 1" : ""));
        const recover = "recover --effort normal --spill cpu --restore host=25GBps,store=2GBps";
        const restored = `${recover} --host-copies-of neighbour --keep-ranks --failed n1`;
        await next(restored, placements);
        const kept = await next(restored, placements, " --rows placement");
        if (kept.json.includes('"recoverable":false')) return;
        expect(kept.csv).toMatch(/^\d.*,n1,.*,1$/m);
        await next("dispatch-plan", kept);
        await next("place --audit - --explain", kept);
        await next(`${recover} --failed n0`, kept, " --rows placement");
        await next(`${recover} --gpus 2 --slots 3 --joined fresh`, kept, " --rows placement");
      }),
      RUNS,
    );
  });

  test("host copies", async () => {
    const made = { json: "", csv: "" };
    for (const format of FORMATS)
      made[format] = await output(`place -n 4 -c 3 --host-copies 2 --format ${format}`, "[[9,4,3,2,1,1]]");
    await next("place --audit - --host-copies 2", made);
    await next("recover --failed node1 --restore host=25GBps --host-copies-of neighbour", made);
    expect((await inProcess(["place", "--audit", "-"], made.json)).stdout).toContain('"survivalWithHostMemory":{"copies":2');
  });

  test("simulate to its summary, also of several files", async () => {
    const job = "simulate --load-spread 0.5 --model gpt-s -n 4 --mtbf 3m --duration 10m";
    const files: Record<string, string[]> = { json: [], csv: [] };
    for (const format of FORMATS) {
      for (const [name, more] of [
        ["runs", "--trials 3"],
        ["others", "--seed 7 --systems ds,tutel"],
      ]) {
        files[format]!.push(kept(`${name}.${format}`, await output(`${job} ${more} --format ${format}`, "")));
      }
    }
    for (const format of ["json", "csv", "table"]) {
      const json = await output(`simulate --summarize ${files["json"]!.join(" ")} --format ${format}`, "");
      expect(json).toContain("tutel");
      expect(await output(`simulate --summarize ${files["csv"]!.join(" ")} --format ${format}`, "")).toBe(json);
    }
    const piped = await inProcess(["simulate", "--summarize"], readFileSync(files["csv"]![0]!));
    expect(piped.stdout).toBe(readFileSync(files["json"]![0]!, "utf8"));
    expect((await inProcess(["simulate", ...files["csv"]!])).stderr).toMatch(/simulate takes one FILE/);
  });

  test("bench to a baseline", () => {
    const result = {
      kernel: "layer",
      size: "tokens=8,hidden=4",
      repetitions: 10,
      medianMs: 0.1,
      minMs: 1 / 3,
      p95Ms: 1e-7,
      cpuMs: 2,
      spread: 0,
      plainMedianMs: 5,
      speedupLow: 1.5,
      speedupHigh: 2.5,
      cpuSpeedup: 2,
      cpuSpeedupLow: 1.75,
      cpuSpeedupHigh: 2.25,
      speedup: 50.000000001,
      error: 1e-9,
      checked: true as const,
    };
    const document: BenchDocument = {
      type: "bench",
      version: 1,
      backend: "webasm",
      adapter: 'a "fast", one',
      software: false,
      seed: 3,
      layer: 'as in, "Mixtral": softmax gate',
      peak: { gflops: 66_900, gigabytesPerSecond: 3350.5 },
      scaling: "tokens",
      plan: { layer: 2, rank: 7, maxOverMean: 1.25 },
      results: [
        { ...result, gflops: 2.5, scaled: 64, deviceMs: 0.5, uploadMs: 3, readbackMs: 0.25 },
        { ...result, kernel: "dispatch", gigabytesPerSecond: 0.1 },
      ],
    };
    const { plan: _, peak: __, scaling: ___, ...without } = document;
    for (const each of [document, without]) expect(benchFromCsv([...benchCsv(each, true)].join(""), "bench.csv")).toEqual(each);
  });

  test("as whole pipes", () => {
    for (const format of FORMATS) {
      const rows = format === "csv" ? " --rows placement" : "";
      const [json, csv] = FORMATS.map((other) =>
        shell(
          `set -o pipefail; lazarus profile-load fixtures/routing.csv --format ${other} | lazarus place -n 5 -c 8 --placement mro --format ${other} | lazarus recover --failed node2 --model gpt-s --format ${format}${rows} | lazarus dispatch-plan --format csv`,
        ),
      );
      expect(csv).toEqual(json);
      expect(json).toMatchObject({
        code: 0,
        stderr: "",
        stdout: expect.stringMatching(/^layer,expert,source,target,tokens\n0,/),
      });
    }
  });
});

describe("loads of any kind", () => {
  const log = "iteration,layer,e0,e1\n1,0,5,9\n2,0,7,1\n";

  test("place takes a routing log as profile-load reads it, and says that it took the mean", async () => {
    const place = "place -n 2 -c 2 --placement mro";
    const { stdout, stderr } = await inProcess(place.split(" "), log);
    expect(stdout).toBe(await output(place, await output("profile-load", log)));
    expect(stderr).toBe(
      "lazarus: standard input: the loads are the mean of 2 iterations, 1 to 2; `lazarus profile-load --window` chooses others\n",
    );
    expect(JSON.parse(stdout).layers[0].loads).toEqual([6, 5]);
  });

  test.each([
    ["wide", "layer,e0,e1\n0,5,9\n4,7,1\n"],
    ["long", "layer,expert,tokens\n0,0,5\n0,1,9\n4,1,1\n4,0,7\n"],
    ["long with ranks", "layer,rank,expert,tokens\n0,0,0,2\n0,1,0,3\n0,0,1,9\n4,0,1,1\n4,0,0,7\n"],
    ["quoted", '"layer","e0","e1"\n"0","5","9"\n4,7,1\n'],
    [
      "matrix-like",
      '{"type":"load-profile","version":1,"experts":2,"window":{"from":0,"to":0,"iterations":1,"method":"mean"},"layers":[{"layer":4,"loads":[7,1]},{"layer":0,"loads":[5,9]}]}',
    ],
  ])("a table without iterations is of one: %s", async (_, table) => {
    const { window, layers } = JSON.parse(await output("profile-load", table));
    expect(window).toEqual({ from: 0, to: 0, iterations: 1, method: "mean" });
    expect(layers).toEqual([
      { layer: 0, loads: [5, 9] },
      { layer: 4, loads: [7, 1] },
    ]);
    const { stderr } = await inProcess(["place", "-n", "2", "-c", "2"], table);
    expect(stderr).not.toMatch(/mean of/);
  });

  test("what only profile-load has an option for is left to it", async () => {
    const { code, stderr } = await inProcess(["place", "-n", "2", "-c", "2"], '{"global_physical_count":[[5,7]]}');
    expect(code).toBe(2);
    expect(stderr).toMatch(/--physical-to-logical.*\(an option of `lazarus profile-load`; pipe its result into place\)/);
  });

  test("an audit and a recovery take a log as --profile", async () => {
    const file = kept("log.csv", log);
    const audit = ["place", "--audit", kept("plan.json", "[[0,1,0,1]]"), "-n", "2", "--profile", file];
    expect(JSON.parse((await inProcess(audit)).stdout).layers[0].loads).toEqual([6, 5]);
    expect((await inProcess([...audit, file])).stderr).toMatch(/both give loads; leave one of them out/);
    const placement = await output("place -n 3 -c 2", "[[1,1]]");
    const { stdout } = await inProcess(["recover", "--failed", "node0", "--profile", file], placement);
    expect(JSON.parse(stdout).placement.layers[0].loads).toEqual([6, 5]);
  });
});
