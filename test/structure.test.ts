/**
 * The picture that imports must keep, type imports included (the linter's noImportCycles leaves those out):
 *
 *   cli > commands > report > formats > io > gpu > core      floors: an import goes to a lower floor, or stays on its own
 *   simulation, comparison > pipeline > reconfigure > forecast, rebalance > placement > cost > balance, recovery, dispatch, profile > layout > algorithms      folders of core
 *
 * dev, index.ts and the errors stand outside the stack: dev may import everything and nothing imports it; errors import only the cleaning of text.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../src/", import.meta.url));

/** Floors, top first; what stands together on one floor does not import each other. */
const FLOORS = [
  ["dev", "cli.ts"],
  ["commands"],
  ["report"],
  ["formats", "io", "gpu"],
  ["core"],
  ["errors.ts", "version.ts"],
  ["cleanText.ts"],
];

/** Folders of core, top first; dispatch, one step above balance, uses its bounds. */
const CORE = [
  ["simulation", "comparison"],
  ["pipeline"],
  ["reconfigure"],
  ["forecast", "rebalance"],
  ["placement"],
  ["cost"],
  ["dispatch", "profile"],
  ["balance", "recovery"],
  ["layout"],
  ["algorithms"],
];

type Imports = ReadonlyMap<string, readonly string[]>;

/** Relative imports and re-exports of a file, also of types and those on demand. */
function importsOf(file: string, text: string): string[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s*)["'](\.[^"']+)["']/gm);
  return [...found].map(([, path]) => normalize(join(dirname(file), path!)));
}

function readImports(): Imports {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(join(SOURCE, file), "utf8"))]));
}

/** Circles of files: one for each import that leads back to a file on the way to it. */
function circles(imports: Imports): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(" > "));
    if (at >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

/** Imports between two names of a picture that do not go down. */
function arrowsUp(
  imports: Imports,
  floors: readonly (readonly string[])[],
  nameOf: (file: string) => string | undefined,
): string[] {
  const floorOf = (name: string) => floors.findIndex((names) => names.includes(name));
  return [...imports].flatMap(([file, targets]) =>
    targets.flatMap((target) => {
      const [from, to] = [nameOf(file), nameOf(target)];
      if (from === undefined || to === undefined || from === to) return [];
      const isKnown = floorOf(from) >= 0 && floorOf(to) >= 0;
      return isKnown && floorOf(from) < floorOf(to) ? [] : [`${file} > ${target}`];
    }),
  );
}

const floorName = (file: string) => (file === "index.ts" || file.startsWith("..") ? undefined : file.split("/")[0]);
const coreFolder = (file: string) => (file.startsWith("core/") ? file.split("/")[1] : undefined);

const imports = readImports();

test("no file imports itself by way of others", () => {
  expect(imports.size).toBeGreaterThan(300);
  expect(circles(imports)).toEqual([]);
});

test("imports between floors go down", () => {
  expect(arrowsUp(imports, FLOORS, floorName)).toEqual([]);
});

test("imports between folders of the core go down", () => {
  expect(arrowsUp(imports, CORE, coreFolder)).toEqual([]);
});

test("a planted circle of types and planted arrows up are seen", () => {
  const planted = new Map([
    ["core/layout/a.ts", importsOf("core/layout/a.ts", `import type { B } from "./b.ts";\n`)],
    ["core/layout/b.ts", importsOf("core/layout/b.ts", `export type { A } from "./a.ts";\nimport "../cost/c.ts";\n`)],
    ["formats/d.ts", importsOf("formats/d.ts", `const io = await import("../io/e.ts");\n`)],
  ]);
  expect(circles(planted)).toEqual(["core/layout/a.ts > core/layout/b.ts > core/layout/a.ts"]);
  expect(arrowsUp(planted, CORE, coreFolder)).toEqual(["core/layout/b.ts > core/cost/c.ts"]);
  expect(arrowsUp(planted, FLOORS, floorName)).toEqual(["formats/d.ts > io/e.ts"]);
});
