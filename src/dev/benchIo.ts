/**
 * `npm run bench:io`: what starting and reading cost in processor time, next to what others take for the same on this machine in
 * this run: node alone for starting, csv-parse and mawk for reading.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomSource } from "../core/algorithms/random.ts";
import { paint } from "../report/paint.ts";
import { fixed, textTable } from "../report/table.ts";
import { processCost } from "./processCost.ts";

const STARTS = 15;
const READINGS = 3;
const ITERATIONS = 6000;
/** csv-parse gets fewer, which makes no difference to its rate. */
const CSV_PARSE_ITERATIONS = 500;
const LAYERS = 12;
const EXPERTS = 64;
const TOKENS_PER_RECORD = 100;
const TOP_K = 8;

/** A shell line, and how many rows it reads. */
interface Task {
  readonly line: string;
  readonly rows?: number;
}

const folder = mkdtempSync(join(tmpdir(), "lazarus-bench-"));
try {
  const start = starting();
  const read = reading();
  const seconds = { ...measured(start, STARTS), ...measured(read, READINGS) };
  const node = seconds["node -e 0"]!;
  const csvParse = rate("csv-parse");
  const left = "left" as const;
  const startTable = Object.keys(start).map((name) => [name, fixed(seconds[name]! * 1000, 0), fixed(seconds[name]! / node, 2)]);
  const readTable = Object.keys(read).map((name) => [name, fixed(rate(name) / 1e6, 2), fixed(rate(name) / csvParse, 1)]);
  const colors = paint(process.stdout.isTTY === true);
  process.stdout.write(
    `CPU time, median of ${STARTS} starts and ${READINGS} readings\n\n` +
      `${textTable([{ head: "start", align: left }, { head: "ms" }, { head: "over node" }], startTable, colors)}\n\n` +
      `${textTable([{ head: "read", align: left }, { head: "million rows/s" }, { head: "over csv-parse" }], readTable, colors)}\n`,
  );

  function rate(name: string): number {
    return (read[name]!.rows ?? 0) / seconds[name]!;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Short commands on a small profile: most of what they take is starting. */
function starting(): Record<string, Task> {
  const profile = join(folder, "profile.json");
  const layers = [
    { layer: 0, loads: [5, 9, 2, 4] },
    { layer: 1, loads: [1, 1, 8, 8] },
  ];
  const window = { from: 0, to: 0, iterations: 1, method: "mean" };
  writeFileSync(profile, JSON.stringify({ type: "load-profile", version: 1, experts: 4, window, layers }));
  const place = `node bin/lazarus.js place -n 4 -c 2 ${profile}`;
  return {
    "node -e 0": { line: "node -e 0" },
    "lazarus --version": { line: "node bin/lazarus.js --version" },
    "lazarus place --placement mro": { line: `${place} --placement mro` },
    "lazarus place --effort fast": { line: `${place} --effort fast` },
    "lazarus place (with its search)": { line: place },
  };
}

/** Routing logs; their rows, or the ids in records of top-k experts. */
function reading(): Record<string, Task> {
  const random = randomSource(1);
  const log = join(folder, "routing.csv");
  const shortLog = join(folder, "short.csv");
  let text = "iteration,layer,expert,tokens\n";
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    if (iteration === CSV_PARSE_ITERATIONS) writeFileSync(shortLog, text);
    for (let layer = 0; layer < LAYERS; layer++) {
      for (let expert = 0; expert < EXPERTS; expert++) text += `${iteration},${layer},${expert},${random.below(20_000)}\n`;
    }
  }
  writeFileSync(log, text);
  const rows = ITERATIONS * LAYERS * EXPERTS;
  const shortRows = CSV_PARSE_ITERATIONS * LAYERS * EXPERTS;
  const records = Array.from({ length: 100 * LAYERS }, (_, i) => {
    const indices = Array.from({ length: TOKENS_PER_RECORD }, () => Array.from({ length: TOP_K }, () => random.below(256)));
    return `${JSON.stringify({ step: Math.floor(i / LAYERS), layer: i % LAYERS, rank: 0, top_indices: indices })}\n`;
  });
  const trace = join(folder, "trace.ndjson");
  writeFileSync(trace, records.join(""));
  const profileLoad = "node bin/lazarus.js profile-load";
  const csvParse =
    'import{parse}from"csv-parse";import{createReadStream}from"node:fs";createReadStream(process.argv[1],{highWaterMark:1<<20}).pipe(parse()).on("data",()=>{})';
  const mawk = spawnSync("mawk", ["1"], { input: "" }).status === 0;
  return {
    "csv-parse": { line: `node --input-type=module -e '${csvParse}' ${shortLog}`, rows: shortRows },
    ...(mawk ? { "mawk, sums by layer and expert": { line: `mawk -F, 'NR>1{s[$2","$3]+=$4}' ${log}`, rows } } : {}),
    "long CSV, file": { line: `${profileLoad} ${log}`, rows },
    "long CSV, pipe": { line: `cat ${log} | ${profileLoad}`, rows },
    "top-k ids, JSON lines": { line: `${profileLoad} ${trace}`, rows: records.length * TOKENS_PER_RECORD * TOP_K },
  };
}

/** Median of the processor seconds of each task, children included. Rounds go through all tasks: what slows the machine slows them alike. */
function measured(tasks: Record<string, Task>, rounds: number): Record<string, number> {
  const all = Object.fromEntries(Object.keys(tasks).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, { line }] of Object.entries(tasks)) all[name]?.push(processCost(line, join(folder, "out")).cpu);
  }
  const medians = Object.entries(all).map(([name, list]) => [name, list.sort((a, b) => a - b)[list.length >> 1]!]);
  return Object.fromEntries(medians);
}
