import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import * as library from "../../src/index.ts";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

test("the README's controller runs with the built entries", () => {
  const text = /```js\n(import [\s\S]*?)```/.exec(readFileSync(`${root}README.md`, "utf8"))![1]!;
  const built = text
    .replace('"lazarus-moe"', JSON.stringify(`${root}dist/index.js`))
    .replace('"lazarus-moe/formats"', JSON.stringify(`${root}dist/formats/index.js`))
    .replace(").tokens)", ").tokens.reduce((sum, count) => sum + count))");
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", built], { encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "758\n", stderr: "" });
});

test("a policy that does not exist is refused with the choices", () => {
  const policy = { ...library.POLICY_DEFAULTS, failureProbability: 0.1, placement: "resilent" } as unknown as library.Policy;
  const layers = [{ layer: 0, loads: [1, 2] }];
  expect(() => library.makePlacement(library.uniformCluster(2, 2), layers, policy)).toThrow(
    new RangeError('placement is "resilent"; expected one of resilient, balanced, eplb, mro, spread, compact'),
  );
});

const { config } = ts.readConfigFile(`${root}tsconfig.types.json`, ts.sys.readFile);
const published = { ...ts.parseJsonConfigFileContent(config, ts.sys, root).options, incremental: false };
const entries = ["src/index.ts", "src/formats/index.ts"].map((file) => `${root}${file}`);
const program = ts.createProgram(entries, published);
const checker = program.getTypeChecker();

test.each(["src/index.ts", "src/formats/index.ts"])("every type that stands in what %s exports can be imported, too", (entry) => {
  const resolved = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const exportsOf = (file: string) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!).map(resolved);
  // What stands in a signature of formats may be the library's: both are one package.
  const exported = new Set(entry === "src/index.ts" ? exportsOf(entries[0]!) : entries.flatMap(exportsOf));
  const missing = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node)) return;
    const isPrivate = ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name);
    if (isPrivate) return;
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const symbol = checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression);
      const of = symbol && resolved(symbol);
      const isOurs = of?.declarations?.some((place) => place.getSourceFile().fileName.startsWith(`${root}src/`));
      if (of && isOurs && !(of.flags & ts.SymbolFlags.TypeParameter) && !exported.has(of)) missing.add(of.name);
    }
    ts.forEachChild(node, visit);
  };
  for (const symbol of exportsOf(`${root}${entry}`)) {
    for (const declaration of symbol.declarations ?? []) {
      // What a constant is made of is its own affair.
      if (!ts.isVariableDeclaration(declaration)) visit(declaration);
    }
  }
  expect(exported.size).toBeGreaterThan(100);
  expect([...missing]).toEqual([]);
});

test("a library user places, assesses and recovers as the commands do", async () => {
  const { makePlacement, planFigures, planRecovery, uniformCluster } = library;
  const profile = { type: "load-profile", version: 1, experts: 5, window: { from: 1, to: 1, iterations: 1, method: "sum" } };
  const layers = [0, 1].map((layer) => ({ layer, loads: [50, 9, 2 + layer, 14, 8] }));
  const placed = await inProcess("place -n 5 -c 3 -q".split(" "), JSON.stringify({ ...profile, layers }));
  const recovered = await inProcess("recover --failed node1 --joined 1".split(" "), placed.stdout);
  const document = JSON.parse(placed.stdout);
  const plan = JSON.parse(recovered.stdout);

  const policy = { placement: "resilient", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.2 } as const;
  const old = makePlacement(uniformCluster(5, 3), layers, policy);
  expect(old.layers.map(({ nodes }) => nodes)).toEqual(document.layers.map(({ nodes }: { nodes: number[][] }) => nodes));
  const { recovery, step } = planFigures(old, policy);
  expect(recovery.failures.map(({ probability }) => probability)).toEqual(
    document.recovery.failures.map(({ probability }: { probability: number }) => probability),
  );
  expect(step).toEqual(document.cost);
  const speed = { expertBytes: 112 * 2 ** 20, bandwidth: 12.5e9, detectSeconds: 15, regroupSeconds: 10 };
  const problem = { old, madeBy: "resilient", failed: [1], joined: 1, policy: { ...policy, effort: "fast" }, speed } as const;
  const found = planRecovery(problem);
  if (!found.recoverable) throw new Error(found.because);
  expect(found.joined.map(({ name }) => name)).toEqual(plan.joined);
  expect(found.change.transfers).toHaveLength(plan.moved);
  expect(found.placement.layers.map(({ nodes }) => nodes)).toEqual(
    plan.placement.layers.map(({ nodes }: { nodes: number[][] }) => nodes),
  );
  expect(found.seconds).toEqual(plan.time);
  expect(found.figures.survival.probability).toBe(plan.placement.recovery.survival);
});
