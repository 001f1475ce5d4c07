/**
 * `npm run mutants`: changes the core at single places, runs the tests that import the changed file, and names the changes that no
 * test notices. The seed decides which: the same seed makes the same changes. They go in rounds over the folders, so that what a
 * stopped run (Ctrl-C) has seen is a fair sample as well.
 *
 * npm run mutants -- [--count 100] [--seed 0] [--folder cost] [--file goodput.ts] [--line 12] [--workers 1]
 *   [--constants]   changes the numbers of named constants instead, which are chosen rather than right or wrong
 *   [--times FILE]  how long unchanged tests take: read where the file exists, otherwise found out and written
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { parseArgs } from "node:util";
import { randomSource } from "../core/algorithms/random.ts";
import { paint } from "../report/paint.ts";
import { type Column, percent, textTable } from "../report/table.ts";
import { type Change, changesOf } from "./mutation/changes.ts";
import { drawChanges, groupedBy } from "./mutation/drawChanges.ts";
import { ImportGraph } from "./mutation/relatedTests.ts";
import { type Outcome, type TestRun, WorkCopy } from "./mutation/workCopy.ts";

const CORE = "src/core";
const REPORT = "report.json";
/** Least share of the changes that tests must notice. */
const LEAST_NOTICED = 0.9;
/** CPU seconds that all tests may take unchanged. */
const MOST_SECONDS = 900;
/** What a changed run may take before it counts as looping: this for the start, and several times what its tests take unchanged. */
const SLACK_SECONDS = 10;
const SLACK_FACTOR = 3;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100" },
    seed: { type: "string", default: "0" },
    folder: { type: "string" },
    file: { type: "string" },
    line: { type: "string" },
    workers: { type: "string", default: "1" },
    constants: { type: "boolean", default: false },
    times: { type: "string" },
  },
});
const wanted = (file: string) =>
  (values.folder === undefined || `${folderOf(file)}/`.startsWith(`${values.folder}/`)) &&
  (values.file === undefined || file.endsWith(`/${values.file}`));
const files = readdirSync(CORE, { recursive: true, encoding: "utf8" })
  .map((name) => `${CORE}/${name.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".ts") && wanted(file))
  .sort();
const changes = files
  .flatMap((file) => changesOf(file, readFileSync(file, "utf8"), values.constants))
  .filter(({ line }) => values.line === undefined || line === Number(values.line));
const drawn = drawChanges(
  groupedBy(changes, ({ file }) => folderOf(file)),
  Number(values.count),
  randomSource(Number(values.seed)),
);
if (drawn.length === 0) throw new Error("nothing of the core is called so");

const graph = new ImportGraph();
const outcomes = new Map<Change, Outcome>();
const copies = Array.from({ length: Number(values.workers) }, () => new WorkCopy());
const removeCopies = () => {
  for (const copy of copies) copy.remove();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    removeCopies();
    report();
    process.exit(130);
  });
}
try {
  await tryChanges();
  report();
} finally {
  removeCopies();
}

async function tryChanges(): Promise<void> {
  const secondsOf = await secondsUnchanged(copies[0]!);
  const runOf = (tests: readonly string[]): TestRun => {
    const unchanged = tests.reduce((sum, test) => sum + (secondsOf.get(test) ?? 1), 0);
    return { tests, seconds: SLACK_SECONDS + SLACK_FACTOR * unchanged };
  };
  await inParallel(drawn, async (copy, change) => {
    const outcome = await copy.testsWith(change, graph.relatedTests(change.file).map(runOf));
    outcomes.set(change, outcome);
    if (outcome !== "failed") process.stdout.write(`${outcome} ${described(change)}\n`);
    process.stderr.write(`${outcomes.size} of ${drawn.length}, ${rateOf(drawn)} noticed\n`);
  });
}

/** Runs all tests once, none of which may fail before anything is changed, and says how long each file took. */
async function secondsUnchanged(copy: WorkCopy): Promise<Map<string, number>> {
  const { times } = values;
  if (times !== undefined && existsSync(times)) return new Map(JSON.parse(readFileSync(times, "utf8")) as [string, number][]);
  const outcome = await copy.tests({ tests: graph.tests, seconds: MOST_SECONDS }, REPORT);
  if (outcome !== "passed")
    throw new Error(`the tests ${outcome} before anything is changed: ${copy.failuresIn(REPORT).join(", ")}`);
  const seconds = copy.timesIn(REPORT);
  if (times !== undefined) writeFileSync(times, JSON.stringify([...seconds]));
  return seconds;
}

function report(): void {
  const tried = drawn.filter((change) => outcomes.has(change));
  const count = (of: readonly Change[], outcome: Outcome) => of.filter((change) => outcomes.get(change) === outcome).length;
  const row = (name: string, of: readonly Change[]) => [
    name,
    ...[of.length, count(of, "failed"), count(of, "timed out"), count(of, "passed")].map(String),
    rateOf(of),
  ];
  const rows = [...groupedBy(tried, ({ file }) => folderOf(file))].map(([folder, of]) => row(folder, of));
  const columns: Column[] = ["folder", "changes", "failed", "timed out", "survived", "noticed"].map((head, i) => ({
    head,
    align: i === 0 ? "left" : "right",
  }));
  process.stdout.write(`\n${textTable(columns, [...rows, row("all", tried)], paint(false))}\n`);
  if (count(tried, "passed") > (1 - LEAST_NOTICED) * tried.length) process.exitCode = 1;
}

/** Share of the changes tried so far that tests notice. */
function rateOf(of: readonly Change[]): string {
  const tried = of.filter((change) => outcomes.has(change));
  return percent(tried.filter((change) => outcomes.get(change) !== "passed").length / tried.length);
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

function described({ file, line, before, after, context }: Change): string {
  const short = (text: string) => text.replaceAll(/\s+/g, " ").slice(0, 60);
  return `${file}:${line}  ${short(before)} -> ${short(after)}  in  ${context.slice(0, 100)}`;
}
