import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BenchDocument, checkBench } from "../../src/formats/documents/bench.ts";
import { checkHardware } from "../../src/formats/hardwareFile.ts";
import { kernelNames } from "../../src/gpu/benchKernels.ts";
import { testBackends } from "../support/backends.ts";
import { inProcess } from "../support/inProcess.ts";
import { type Run, root } from "../support/lazarus.ts";

const backends = await testBackends();
const folder = mkdtempSync(join(tmpdir(), "lazarus-bench-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = ["--sizes", "tokens=12,hidden=4,feedforward=6,experts=3,topk=2,nodes=6,sets=4,samples=16"];
const smallest = ["--sizes", "tokens=12,hidden=4,feedforward=6", "--kernels", "histogram"];

function bench(...words: string[]): Promise<Run> {
  return inProcess(["bench", ...words]);
}

function document({ stdout, stderr, code }: Run): BenchDocument {
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return checkBench(JSON.parse(stdout), "bench");
}

const first = document(await bench("--backend", "webasm", ...small));

/** A baseline in which kernels were so many times as fast as plain JavaScript, give or take a share. */
function baseline(name: string, backend: string, cpuSpeedup: number, varies = 0): string {
  const [cpuSpeedupLow, cpuSpeedupHigh] = [cpuSpeedup * (1 - varies), cpuSpeedup * (1 + varies)];
  const results = first.results.map((result) => ({ ...result, cpuSpeedup, cpuSpeedupLow, cpuSpeedupHigh }));
  writeFileSync(at(name), JSON.stringify({ ...first, backend, results }));
  return at(name);
}

describe("bench", () => {
  test("checks and times every kernel", () => {
    expect(first).toMatchObject({ type: "bench", version: 1, backend: "webasm", software: false, seed: 0 });
    expect(first.results.map(({ kernel }) => kernel)).toEqual([...kernelNames]);
    for (const result of first.results) {
      expect(result.repetitions).toBeGreaterThanOrEqual(10);
      expect(result.minMs).toBeLessThanOrEqual(result.medianMs);
      expect(result.medianMs).toBeLessThanOrEqual(result.p95Ms);
      for (const by of ["speedup", "cpuSpeedup"] as const) {
        expect(result[`${by}Low`]).toBeLessThanOrEqual(result[by]);
        expect(result[by]).toBeLessThanOrEqual(result[`${by}High`]);
      }
      expect(result.error).toBeLessThan(1e-5);
      expect([result.gflops, result.gigabytesPerSecond].filter((rate) => rate !== undefined)).toHaveLength(1);
    }
  });

  test("gives the same but for the times, meets its own baseline, writes rows", async () => {
    const some = ["router", "expert-ffn", "recovery-mc"];
    const again = ["--kernels", some.join(), "--format", "csv", "--baseline", baseline("slow.json", "webasm", 1e-6)];
    const { stdout, stderr, code } = await bench("--backend", "webasm", ...small, ...again);
    const [header, ...rows] = stdout.trimEnd().split("\n");
    const names = header!.split(",");
    const cells = rows.map((row) => ["kernel", "size", "error"].map((name) => row.split(",")[names.indexOf(name)]));
    const before = first.results.filter(({ kernel }) => some.includes(kernel));
    expect(cells).toEqual(before.map(({ kernel, size, error }) => [kernel, size, String(error)]));
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  });

  test("--scaling goes through sizes, measures once what they do not touch, and draws them", async () => {
    const words = [
      "--backend",
      "webasm",
      ...small.map((text) => text.replace("tokens=12,", "")),
      "--kernels",
      "dispatch,recovery-mc",
    ];
    const scaling = ["--scaling", "tokens=40,12", "--plot", at("scaling.svg")];
    const run = document(await bench(...words, ...scaling));
    expect(run.scaling).toBe("tokens");
    expect(run.results.map(({ kernel, scaled, size }) => [kernel, scaled, size.split(" ")[0]])).toEqual([
      ["dispatch", 12, "rows=24"],
      ["recovery-mc", 12, "samples=16"],
      ["dispatch", 40, "rows=80"],
    ]);
    const svg = readFileSync(at("scaling.svg"), "utf8");
    for (const text of ["<svg", "Time of a call by tokens: webasm", "plain JavaScript", "dispatch"]) expect(svg).toContain(text);
    writeFileSync(at("scaling.json"), JSON.stringify(run));
    const { benchTable } = await import("../../src/report/benchTable.ts");
    const { paint } = await import("../../src/report/paint.ts");
    const plainPaint = paint(false);
    expect(benchTable(run, plainPaint, 80)).toMatch(
      /\nms by tokens +12 +rate +40 +rate\ndispatch +[\d.]+ +[\d.]+ GB\/s +[\d.]+ +[\d.]+ GB\/s\nrecovery-mc/,
    );
    const peak = { gflops: 1000, gigabytesPerSecond: 200 };
    const [result] = run.results;
    const fast = { ...result!, gigabytesPerSecond: 50, deviceMs: 1, uploadMs: 2, readbackMs: 3 };
    const table = benchTable({ ...run, peak, scaling: undefined, results: [fast] }, plainPaint, 200);
    expect(table).toMatch(/at most 1\.0 TFLOP\/s in single precision, 200 GB\/s of memory/);
    const narrow = benchTable({ ...run, peak, results: [fast] }, plainPaint, 80).split("\n");
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(narrow.filter((line) => /^kernel +tokens /.test(line))).toHaveLength(3);
    expect(table).toMatch(/ on device +upload +readback +rate +of peak .* 1\.00 +2\.00 +3\.00 +50\.0 GB\/s +25\.0 % /s);
  });

  test("says that a model is scaled, and takes no baseline of another layer", async () => {
    const words = ["bench", "--backend", "js", "--kernels", "histogram"];
    const scaled = await inProcess([...words, "--sizes", "tokens=12", "--model", "deepseek-v3"]);
    expect(scaled.stderr).toMatch(
      /^lazarus: deepseek-v3 is scaled to .*: hidden=\d+,feedforward=\d+, 1\/\d+ of its own; --sizes says otherwise\n$/,
    );
    const other = await inProcess([...words, "--baseline", baseline("layer.json", "js", 1), "--sizes", "gpt-s/16,tokens=12"]);
    expect(other.stderr).toMatch(
      /the baseline's layer is "as in Mixtral: .*", this run's "gpt-s\/16: .*"; choose --model or --sizes\n$/,
    );
    expect(other.code).toBe(2);
  });

  test("exits with 1 when a kernel is slower than the baseline, and still writes its numbers", async () => {
    const sizes = ["--sizes", "tokens=12,experts=3", "--kernels", "histogram,router", "--format", "table"];
    const { code, stdout, stderr } = await bench("--backend", "js", ...sizes, "--baseline", baseline("fast.json", "js", 1e9));
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^lazarus: router \(.*hidden=64.*\) is not in the baseline/);
    expect(lines[1]).toMatch(
      /^lazarus: histogram \(.*\) is slower, three times in a row: 1\.00e\+9 times plain JavaScript by processor time before, 1\.00 now, at least/,
    );
    expect(stdout).toMatch(
      /^Bench js on .*\n\nkernel +median ms .*\nhistogram .* 1\.00x +exact\nrouter .*\nhistogram +tokens=12 .*\nrouter .*\n$/s,
    );
    expect(code).toBe(1);
  });

  test("takes no baseline that is known to worse than a tenth, and says what helps", async () => {
    const vague = baseline("vague.json", "js", 1, 0.3);
    const { code, stdout, stderr } = await bench("--backend", "js", ...smallest, "--baseline", vague);
    expect(stderr).toMatch(/^lazarus: .*vague\.json: .* is known to ±30 % only; measure it again with --repetitions 100, .*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("a baseline of another machine is met with a warning", async () => {
    const known = JSON.parse(readFileSync(baseline("other.json", "js", 1), "utf8")) as BenchDocument;
    writeFileSync(at("other.json"), JSON.stringify({ ...known, adapter: "an abacus" }));
    const { code, stderr } = await bench(
      "--backend",
      "js",
      "--sizes",
      "tokens=12,experts=3",
      "--kernels",
      "histogram",
      "--baseline",
      at("other.json"),
    );
    expect(stderr).toMatch(/^lazarus: the baseline was measured on an abacus, this is .*: ratios need not be the same\n$/);
    expect(code).toBe(0);
  });

  test("takes no baseline of another backend", async () => {
    const there = baseline("there.json", "webasm", 1);
    const { code, stdout, stderr } = await bench("--backend", "js", ...smallest, "--baseline", there);
    expect(stderr).toMatch(/^lazarus: .*there\.json: the baseline was measured on webasm, this run on js; choose --backend\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("auto says on one line what it took and why not the others, and nobody else says anything", () => {
    // Without a driver Dawn writes two lines of its own.
    const env = { ...process.env, VK_ICD_FILENAMES: at("no-driver.json"), VK_DRIVER_FILES: at("no-driver.json") };
    const { stdout, stderr, status } = program(["bench", ...smallest], { env });
    const { backend } = JSON.parse(stdout) as BenchDocument;
    expect(stderr).toMatch(new RegExp(`^lazarus: bench runs on ${backend}, [^\\n]*\\n$`));
    const order = ["webgpu", "headlessgl", "webasm"];
    for (const name of order.slice(0, order.indexOf(backend))) expect(stderr).toContain(`; not ${name}: `);
    expect(status).toBe(0);
  });

  test("a backend asked for by name that does not work is an error with a remedy", () => {
    const env = { ...process.env, VK_ICD_FILENAMES: at("no-driver.json"), VK_DRIVER_FILES: at("no-driver.json") };
    const { status, stdout, stderr } = program(["bench", "--backend", "webgpu", ...smallest], { env });
    expect(stderr).toMatch(/^lazarus: .*(adapter|webgpu).*; .*install[^\n]*\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  test("--calibrate says what was measured and what was kept, and simulate repeats it; a step of hours is met with a warning", async () => {
    const words = ["--model", "gpt-s", "--sizes", "tokens=4,hidden=8,feedforward=8", "--calibrate", at("hardware.json")];
    const { stdout, stderr } = await bench(
      "--backend",
      "webasm",
      "--kernels",
      "dispatch,expert-ffn",
      ...words,
      "--hardware",
      "h200",
    );
    const { results, adapter } = checkBench(JSON.parse(stdout), "bench");
    const hardware = checkHardware(JSON.parse(readFileSync(at("hardware.json"), "utf8")), "hardware.json");
    expect(hardware.fp16Flops).toBeCloseTo(results[1]!.gflops! * 1e9, 0);
    expect(hardware.fp8Flops).toBe(hardware.fp16Flops);
    expect(hardware.memoryBytesPerSecond! * hardware.bandwidthEfficiency).toBeCloseTo(results[0]!.gigabytesPerSecond! * 1e9, 0);
    expect(hardware.stepOverheadSeconds).toBeGreaterThan(0);
    expect(hardware).toMatchObject({ computeEfficiency: 1, networkBytesPerSecond: 50e9, recovery: { restartSeconds: 300 } });
    const sources = Object.entries(hardware.sources!);
    const named = (begin: string) =>
      sources.filter(([, source]) => source.startsWith(begin)).flatMap(([names]) => names.split(", "));
    const measured = ["fp16Flops", "fp8Flops", "computeEfficiency", "memoryBytesPerSecond", "stepOverheadSeconds"];
    expect(named("measured by lazarus bench (webasm on ")).toEqual(measured);
    const { name: _, sources: __, ...figures } = hardware;
    expect([...measured, ...named("kept from h200: ")].sort()).toEqual(Object.keys(figures).sort());
    expect(hardware.sources!["networkBytesPerSecond"]).toBe("kept from h200: one 400 Gb/s adapter a GPU");

    const long = /lazarus: a step of gpt-s takes [\d.]+ (minutes|hours) on .*: no training runs so/;
    expect(stderr).toMatch(long);
    const job = ["simulate", "--load-spread", "1", "-n", "4", "--mtbf", "1h", "--duration", "3h", "--model", "gpt-s"];
    const simulated = await inProcess([...job, "--hardware", at("hardware.json")]);
    expect(simulated.stderr).toContain(
      `lazarus: ${adapter}: ${measured.join(", ")} as bench measured them, with plain single-precision kernels, not at the rates of tensor cores; the rest is kept from h200\n`,
    );
    expect(simulated.stderr).toMatch(long);
    expect((await inProcess([...job, "--hardware", "h200"])).stderr).not.toMatch(/measured|no training/);
  });

  test("refuses options before it measures", async () => {
    const { code, stderr } = await bench("--calibrate", at("hardware.json"));
    expect(stderr).toMatch(/^lazarus: --calibrate needs --model: [^\n]*\n$/);
    expect(code).toBe(2);
    expect((await bench("--plot", at("none.svg"))).stderr).toMatch(
      /^lazarus: --plot draws times over sizes; it needs --scaling\n$/,
    );
  });
});

describe("gpu.js", () => {
  const guarded = (words: readonly string[]) => program(words, { execArgv: ["--import", `${root}test/support/refuseGpuJs.mjs`] });

  const place = ["place", "-n", "4", "-c", "2", at("loads.json")];
  beforeAll(() => {
    const layers = [{ layer: 0, loads: [3, 1] }];
    const window = { from: 0, to: 0, iterations: 1, method: "mean" };
    writeFileSync(at("loads.json"), JSON.stringify({ type: "load-profile", version: 1, experts: 2, window, layers }));
  });

  test.each([[["bench", "--backend", "cpu", ...smallest]], [[...place, "--recovery-method", "gpu", "--backend", "cpu"]]])(
    "is loaded by %j",
    (words) => {
      expect(guarded(words).stderr).toMatch(/refused to load gpu\.js/);
    },
  );

  // The overview loads all commands.
  test.each([[["--help"]], [["bench", "--help"]], [["bench", "--backend", "js", ...smallest]], [place]])(
    "is not loaded by %j",
    (words) => {
      expect(guarded(words)).toMatchObject({ status: 0, stderr: "" });
    },
  );
});

describe("the process ends by itself", () => {
  for (const { name, unavailable } of backends) {
    test.skipIf(unavailable !== undefined)(
      `on ${name}${unavailable === undefined ? "" : ` (skipped: ${unavailable})`}`,
      () => {
        // The program's own process.exit is left out.
        const script = `const { compile, start } = require(${JSON.stringify(`${root}bin/lazarus.js`)}); start(compile())(process.argv.slice(1)).then((code) => { process.exitCode = code })`;
        const words = ["-e", script, "--", "bench", "--backend", name, ...smallest];
        const { status, signal, stdout } = spawnSync(process.execPath, words, { encoding: "utf8", timeout: 60_000 });
        expect({ status, signal }).toEqual({ status: 0, signal: null });
        expect(JSON.parse(stdout)).toMatchObject({ backend: name });
      },
      90_000,
    );
  }
});

function program(words: readonly string[], { execArgv = [], env }: { execArgv?: string[]; env?: NodeJS.ProcessEnv }) {
  return spawnSync(process.execPath, [...execArgv, `${root}bin/lazarus.js`, ...words], {
    encoding: "utf8",
    ...(env ? { env } : {}),
  });
}
