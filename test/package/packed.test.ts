/** The package as it is packed, declarations and all, and five programs against it: one a verb. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

const about = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const folder = mkdtempSync(join(tmpdir(), "lazarus-packed-"));
const app = join(folder, "app");
const installed = join(app, "node_modules/lazarus-moe");
let packed: string[] = [];

/** Packs and unpacks; `prepack` itself would build anew under the feet of other tests. */
beforeAll(() => {
  const staged = join(folder, "staged");
  const npm = (words: string[], cwd: string) => {
    const { status, stdout, stderr } = spawnSync("npm", words, { cwd, encoding: "utf8" });
    if (status !== 0 || stderr !== "") throw new Error(stderr);
    return JSON.parse(stdout)[0];
  };
  const { files } = npm(["pack", "--dry-run", "--json", "--ignore-scripts"], root) as { files: { path: string }[] };
  for (const { path } of files) {
    if (path.startsWith("dist/types/")) continue;
    mkdirSync(dirname(join(staged, path)), { recursive: true });
    cpSync(`${root}${path}`, join(staged, path));
  }
  const { config } = ts.readConfigFile(`${root}tsconfig.types.json`, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // Whether the types are sound is checked elsewhere.
  ts.createProgram(fileNames, { ...options, outDir: join(staged, "dist/types"), incremental: false, noCheck: true }).emit();
  const made = npm(["pack", "--json", "--ignore-scripts"], staged) as { filename: string; files: { path: string }[] };
  packed = made.files.map(({ path }) => path);
  mkdirSync(installed, { recursive: true });
  spawnSync("tar", ["xzf", join(staged, made.filename), "-C", installed, "--strip-components=1"]);
  // Nothing is at hand but what the package depends on.
  for (const name of Object.keys(about.dependencies)) symlinkSync(`${root}node_modules/${name}`, join(app, "node_modules", name));
  writeFileSync(join(app, "package.json"), '{"type":"module","private":true}');
  cpSync(`${root}test/package/programs`, join(app, "programs"), { recursive: true });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("declarations are packed, made by what runs before packing, and everything that the package names is there", () => {
  expect(about.scripts.prepack).toContain("tsc -p tsconfig.types.json");
  const named = [about.main, about.types, about.bin.lazarus, ...about.man, ...Object.values(about.imports)];
  for (const entry of Object.values(about.exports))
    named.push(...(typeof entry === "string" ? [entry] : Object.values(entry as object)));
  for (const path of named) expect(existsSync(join(installed, path)), path).toBe(true);
  const declarations = packed.filter((path) => path.startsWith("dist/types/"));
  expect(declarations.length).toBeGreaterThan(100);
  expect(declarations.filter((path) => !path.endsWith(".d.ts") && path !== "dist/types/package.json")).toEqual([]);
  expect(packed.filter((path) => /(^|\/)(test|src\/dev|dist\/dev)\//.test(path))).toEqual([]);
});

test("the package takes less than 12 MB, and depends on nothing that `overrides` would have to mend", () => {
  const bytes = packed.reduce((sum, path) => sum + statSync(join(installed, path)).size, 0);
  expect(bytes).toBeLessThan(12e6);
  const depended = new Set(Object.keys(about.dependencies));
  const lock = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")).packages;
  const reached = new Set<string>();
  for (const queue = [...depended]; queue.length > 0; ) {
    const name = queue.pop()!;
    if (reached.has(name)) continue;
    reached.add(name);
    queue.push(...Object.keys(lock[`node_modules/${name}`]?.dependencies ?? {}));
  }
  for (const name of Object.keys(about.overrides)) expect([...reached]).not.toContain(name);
  for (const name of reached) expect(lock[`node_modules/${name}`]?.hasInstallScript, name).toBe(undefined);
});

describe("five programs, and the example at the head of the library", () => {
  const files = readdirSync(`${root}test/package/programs`);
  const strictest: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    // Of an environment only what the declarations of zod name: URL.
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUncheckedSideEffectImports: true,
    noPropertyAccessFromIndexSignature: true,
    noImplicitOverride: true,
    noImplicitReturns: true,
    noFallthroughCasesInSwitch: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    isolatedModules: true,
    skipLibCheck: false,
    // Those of the language and the browser are not ours.
    skipDefaultLibCheck: true,
  };
  const parsed = new Map<string, ts.SourceFile | undefined>();
  /** Most of what both ways read are the declarations of the language and its environment. */
  function programUnder(module: ts.CompilerOptions): ts.Program {
    const options = { ...strictest, ...module, outDir: join(app, "compiled"), rootDir: join(app, "programs") };
    const host = ts.createCompilerHost(options);
    const parse = host.getSourceFile.bind(host);
    host.getSourceFile = (name, ...rest) => {
      if (!parsed.has(name)) parsed.set(name, parse(name, ...rest));
      return parsed.get(name);
    };
    return ts.createProgram(
      files.map((file) => join(app, "programs", file)),
      options,
      host,
    );
  }
  const textOf = ({ file, messageText }: ts.Diagnostic) =>
    `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;

  test("compile with the strictest flags, under nodenext; bundler finds the same declarations", () => {
    expect(files).toEqual(["dispatch.ts", "place.ts", "profile.ts", "recover.ts", "simulate.ts"]);
    const [, head] = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${root}src/index.ts`, "utf8"))!;
    const example = head!.replace(/^ \* ?/gm, "");
    expect(example).toContain("planRecovery");
    files.push("example.ts", "wrong.ts");
    writeFileSync(join(app, "programs/example.ts"), example);
    writeFileSync(join(app, "programs/wrong.ts"), example.replace('"fast"', '"quick"'));
    const nodenext = programUnder({ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext });
    expect(ts.getPreEmitDiagnostics(nodenext).map(textOf)).toEqual([expect.stringMatching(/wrong\.ts: .*"quick"/)]);
    nodenext.emit();
    writeFileSync(join(app, "compiled", "package.json"), '{"type":"module"}');
    const bundler = programUnder({ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler });
    expect(bundler.getOptionsDiagnostics().map(textOf)).toEqual([]);
    const [found, known] = [bundler, nodenext].map((program) =>
      program
        .getSourceFiles()
        .map(({ fileName }) => fileName)
        .sort(),
    );
    expect(found).toEqual(known);
  });

  test("do what the commands do", async () => {
    const load = (name: string) => import(/* @vite-ignore */ pathToFileURL(join(app, "compiled", `${name}.js`)).href);
    const [{ profile }, { place }, { dispatch }, { recover }, { simulate }] = await Promise.all(
      ["profile", "place", "dispatch", "recover", "simulate"].map(load),
    );
    const profiled = await profile(createReadStream(`${root}fixtures/routing.csv`));
    const command = async (line: string, input = "") => JSON.parse((await inProcess(line.split(" "), input)).stdout);
    expect(JSON.parse(profiled)).toEqual(await command(`profile-load ${root}fixtures/routing.csv --window last:5`));
    const placed = place(profiled);
    const placement = await command("place -n 10 -c 6 --placement mro -q", profiled);
    for (const field of ["nodes", "layers", "recovery", "balance", "cost"])
      expect(JSON.parse(placed)[field]).toEqual(placement[field]);
    const plan = await command("dispatch-plan --policy balanced", placed);
    expect(dispatch(placed)).toEqual(plan.layers.map(({ entries }: { entries: number[][] }) => entries));
    const recovered = JSON.parse(recover(placed, [3]));
    const known = await command(
      "recover --failed node3 --prefer repair --expert-bytes 117440512 --bandwidth 12.5GBps --detect 15s --regroup 10s -q",
      placed,
    );
    for (const field of ["failed", "transfers", "moved", "time"]) expect(recovered[field]).toEqual(known[field]);
    expect(recovered.placement.layers).toEqual(known.placement.layers);
    const runs = simulate(profiled);
    const simulated = await command(
      "simulate --model gpt-l --hardware rtx3090 -n 10 --failures 10m:3,30m:7 --duration 1h --systems lazarus,ds -q",
      profiled,
    );
    expect(runs.map(({ samples }: { samples: number }) => samples)).toEqual(
      simulated.runs.map(({ samples }: { samples: number }) => samples),
    );
  });
});
