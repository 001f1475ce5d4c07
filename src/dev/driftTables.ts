/**
 * `npm run drift-tables`: what the product makes of loads that drift, on the real routing trace. Forecast errors on the held-out part;
 * balance and copies fetched by plans that stay, are made anew or gone on from; and a job over the whole trace, whose moves are charged.
 * Usage: drift-tables [forecasts] [plans] [jobs]; all of them take half an hour
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkSimulation } from "../formats/documents/simulation.ts";
import { paint } from "../report/paint.ts";
import { fixed, textTable } from "../report/table.ts";

const TRACE = "../shared/data/smartmoe/layer_loads.csv.gz";
const PROGRAM = fileURLToPath(new URL("../../bin/lazarus.js", import.meta.url));
const PLANS = fileURLToPath(new URL("rebalancing.js", import.meta.url));
/** Of the trace, which is recorded every tenth iteration; a step takes four sequences on each of ten nodes. */
const STEPS = 5001;
const NODES = 10;
const SEQUENCES = 4;
/** Steps between two looks at the loads. */
const REVIEW = 50;
/** SYMI (arXiv 2504.19925): how long an iteration takes in which other systems rebalance, over one in which they do not. */
const SYMI = "2.46 to 4.10";

const parts = { forecasts, plans, jobs };
const wanted = process.argv.slice(2);

if (!existsSync(TRACE)) {
  process.stderr.write(`drift-tables: the real trace is not here (${TRACE}); nothing to show\n`);
  process.exitCode = 1;
} else for (const [name, show] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) show();

/** Runs a program of ours and gives back what it says on standard error. */
function said(words: readonly string[]): string {
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(stderr);
  return stderr;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Mean L1 distance of shares, forecasts made at iterations 3001 to 5001. */
function forecasts(): void {
  for (const horizon of [10, 100, 1000]) {
    const asked = ["--forecast", "auto", "--horizon", String(horizon), "--backtest", "--origins", "3001:5001"];
    print(said([PROGRAM, "profile-load", TRACE, ...asked, "-o", "/dev/null"]));
  }
}

function plans(): void {
  spawnSync(process.execPath, [PLANS], { stdio: "inherit" });
}

/** The whole trace as a job, every expert with its own loads. */
function jobs(): void {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-drift-tables-"));
  const rows = ["gpt-s", "gpt-m", "gpt-l"].flatMap((model) => [
    ...job(folder, model, "lazarus,resilient,flexmoe,fewest-moves", []),
    ...job(folder, model, "resilient,fewest-moves", ["--trigger", `every:${REVIEW}`]),
    ...job(folder, model, "flexmoe,fewest-moves", ["--forecast", "auto"]),
  ]);
  rmSync(folder, { recursive: true });
  const columns = [
    { head: "model", align: "left" as const },
    { head: "system", align: "left" as const },
    ...["samples/s", "step (s)", "moves", "each (s)", "iteration"].map((head) => ({ head })),
  ];
  print(`A job over the whole trace on ${NODES} nodes, a look at the loads every ${REVIEW} steps, transfers charged

${textTable(columns, rows, paint(false))}

iteration: one with moves over one without; ${SYMI} in SYMI's measurement of other systems.`);
}

function job(folder: string, model: string, systems: string, words: readonly string[]): string[][] {
  const [document, timeline] = [join(folder, "job.json"), join(folder, "job.csv")];
  const samples = STEPS * NODES * SEQUENCES;
  said([
    ...[PROGRAM, "simulate", TRACE, "--model", model, "--hardware", "rtx3090", "-n", String(NODES), "--keep-experts"],
    ...["--samples", String(samples), "--systems", systems, "--rebalance-every", String(REVIEW), "--fail-every", "900h"],
    ...[...words, "--timeline", timeline, "-o", document],
  ]);
  const events = readFileSync(timeline, "utf8").split("\n");
  return checkSimulation(JSON.parse(readFileSync(document, "utf8")), document).runs.map(({ system, seconds, steps }) => {
    const moves = events.filter((row) => row.startsWith(`${system},`) && row.includes(",rebalance,")).length;
    const all = Object.values(seconds).reduce((sum, spent) => sum + spent, 0);
    const step = seconds.compute / steps;
    const each = moves === 0 ? 0 : seconds.rebalance / moves;
    return [
      model,
      [system, ...words].join(" "),
      fixed(samples / all, 2),
      fixed(step, 4),
      String(moves),
      fixed(each, 3),
      fixed((step + each) / step, 2),
    ];
  });
}
