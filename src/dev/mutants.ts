/**
 * `npm run mutants`: changes the core at single places, runs the tests of the changed folder, and names the changes that no test
 * notices. The seed decides which: the same seed makes the same changes. The placement search `resilient` is left out.
 * Tests that import the changed file come first: they notice most changes, and quickly.
 *
 * npm run mutants -- [--count 100] [--seed 0] [--folder cost] [--file goodput.ts] [--workers 1]
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { parseArgs } from "node:util";
import { randomSource } from "../core/algorithms/random.ts";
import { paint } from "../report/paint.ts";
import { type Column, percent, textTable } from "../report/table.ts";
import { type Change, changesOf } from "./mutation/changes.ts";
import { drawChanges, groupedBy } from "./mutation/drawChanges.ts";
import { type Outcome, WorkCopy } from "./mutation/workCopy.ts";

const CORE = "src/core";
const LEFT_OUT = "placement/resilient";
/** Least share of the changes that tests must notice. */
const LEAST_NOTICED = 0.9;
/** Longest that the tests of a folder may take. */
const MOST_SECONDS = 600;
/** What a changed run may take beyond an unchanged one before it counts as looping: other work may slow it down. */
const SLACK_SECONDS = 30;
const SLACK_FACTOR = 6;
/** Folders of tests that a folder of the core answers to, beside the one of its own name. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  algorithms: ["balance", "dispatch", "recovery", "reconfigure"],
  balance: ["placement", "simulation"],
  cost: ["simulation", "placement"],
  dispatch: ["simulation", "commands"],
  layout: ["core", "placement", "reconfigure", "formats"],
  placement: ["core", "reconfigure"],
  profile: ["core", "formats"],
  reconfigure: ["io"],
  recovery: ["core", "placement"],
  simulation: ["formats"],
};

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100" },
    seed: { type: "string", default: "0" },
    folder: { type: "string" },
    file: { type: "string" },
    workers: { type: "string", default: "1" },
  },
});
const wanted = (file: string) =>
  (values.folder === undefined || folderOf(file) === values.folder) && (values.file === undefined || file.endsWith(values.file));
const files = readdirSync(CORE, { recursive: true, encoding: "utf8" })
  .map((name) => `${CORE}/${name.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".ts") && !folderOf(file).startsWith(LEFT_OUT) && wanted(file))
  .sort();
const byFolder = groupedBy(
  files.flatMap((file) => changesOf(file, readFileSync(file, "utf8"))),
  ({ file }) => folderOf(file),
);
const drawn = drawChanges(byFolder, Number(values.count), randomSource(Number(values.seed)));
if (drawn.size === 0) throw new Error("no file of the core is called so");

const testFiles = readdirSync("test", { recursive: true, encoding: "utf8" })
  .map((name) => `test/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".test.ts"))
  .sort();
const testTexts = new Map(testFiles.map((name) => [name, readFileSync(name, "utf8")]));
const limits = new Map<string, Promise<number>>();
const copies = Array.from({ length: Number(values.workers) }, () => new WorkCopy());
const removeCopies = () => {
  for (const copy of copies) copy.remove();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    removeCopies();
    process.exit(130);
  });
}
try {
  await report();
} finally {
  removeCopies();
}

async function report(): Promise<void> {
  const outcomes = new Map<Change, Outcome>();
  const all = [...drawn.values()].flat();
  await inParallel(all, async (copy, change) => {
    let outcome: Outcome = "passed";
    const folders = testsOf(folderOf(change.file));
    const nearest = testFiles.filter((test) => folders.some((folder) => test.startsWith(folder)) && imports(test, change.file));
    if (nearest.length > 0) outcome = await copy.testsWith(change, nearest, await limitOf(copy, folders));
    for (const folder of folders) {
      if (outcome !== "passed") break;
      outcome = await copy.testsWith(change, [folder], await limitOf(copy, [folder]));
    }
    outcomes.set(change, outcome);
    if (outcome === "passed") process.stdout.write(`survived ${described(change)}\n`);
    process.stderr.write(`${outcomes.size}/${all.length}\r`);
  });
  const row = (name: string, changes: readonly Change[]) => {
    const count = (outcome: Outcome) => changes.filter((change) => outcomes.get(change) === outcome).length;
    const survived = count("passed");
    const noticed = percent(1 - survived / changes.length);
    return [name, String(changes.length), String(count("failed")), String(count("timed out")), String(survived), noticed];
  };
  const rows = [...drawn].map(([folder, changes]) => row(folder, changes));
  const columns: Column[] = ["folder", "changes", "failed", "timed out", "survived", "noticed"].map((head, i) => ({
    head,
    align: i === 0 ? "left" : "right",
  }));
  process.stdout.write(`\n${textTable(columns, [...rows, row("all", all)], paint(false))}\n`);
  const survivors = all.filter((change) => outcomes.get(change) === "passed").length;
  if (survivors > (1 - LEAST_NOTICED) * all.length) process.exitCode = 1;
}

/** Works through a list, one item a copy at a time. */
async function inParallel<T>(items: readonly T[], work: (copy: WorkCopy, item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    copies.map(async (copy) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(copy, item);
    }),
  );
}

/** Folder in the core, such as `placement/balanced`. */
function folderOf(file: string): string {
  return relative(CORE, dirname(file)).replaceAll("\\", "/");
}

/** The folder's own tests, then the others that use it: most changes are noticed by the first. */
function testsOf(folder: string): string[] {
  const top = folder.split("/")[0]!;
  return [top, ...(TESTS[top] ?? [])].map((name) => `test/${name}/`).filter((path) => existsSync(path));
}

/** Whether a test names a file of the core in an import. */
function imports(test: string, file: string): boolean {
  return testTexts.get(test)!.includes(`/${file}"`);
}

/** Seconds after which a changed run must be looping: several times what the tests of the slowest folder take unchanged. */
async function limitOf(copy: WorkCopy, folders: readonly string[]): Promise<number> {
  const measured = async (folder: string) => {
    const start = performance.now();
    const outcome = await copy.tests([folder], MOST_SECONDS);
    if (outcome !== "passed") throw new Error(`the tests of ${folder} ${outcome} before anything is changed`);
    return SLACK_SECONDS + (SLACK_FACTOR * (performance.now() - start)) / 1000;
  };
  for (const folder of folders) if (!limits.has(folder)) limits.set(folder, measured(folder));
  return Math.max(...(await Promise.all(folders.map((folder) => limits.get(folder)!))));
}

function described({ file, line, before, after, context }: Change): string {
  const short = (text: string) => text.replaceAll(/\s+/g, " ").slice(0, 60);
  return `${file}:${line}  ${short(before)} -> ${short(after)}  in  ${context.slice(0, 100)}`;
}
