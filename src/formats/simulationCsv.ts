/** Simulations as flat rows, and back. */
import { stringify } from "csv-stringify/sync";
import type { TimelineRow } from "../core/simulation/timeline.ts";
import { InputError, quoteInput } from "../errors.ts";
import { csvTable } from "./csvTable.ts";
import { checkSimulation, type SimulationDocument } from "./documents/simulation.ts";
import { parseJson } from "./parseJson.ts";
import { decimalNumber } from "./units.ts";

const ACTIVITIES = ["compute", "checkpoint", "restart", "reconfigure", "rebalance", "idle"] as const;
const COUNTS = ["failures", "recoveries", "restarts", "lostSteps"] as const;
const STEP_PARTS = ["overhead", "dense", "denseSync", "experts", "allToAll", "expertSync"] as const;
/** Only pipelines have it; files of before it lack the column. */
const BUBBLE = "stepBubbleSeconds";

type Run = SimulationDocument["runs"][number];

/** Columns of a run, and how its figures are found in it. */
const figures: readonly (readonly [column: string, of: (run: Run) => number])[] = [
  ["samples", ({ samples }) => samples],
  ["steps", ({ steps }) => steps],
  ["samplesPerSecond", ({ samplesPerSecond }) => samplesPerSecond],
  ...ACTIVITIES.map((activity) => [`${activity}Seconds`, ({ seconds }: Run) => seconds[activity]] as const),
  ...COUNTS.map((count) => [count, (run: Run) => run[count]] as const),
  ["lostComputeSeconds", ({ lostComputeSeconds }) => lostComputeSeconds],
  ...STEP_PARTS.map((part) => [stepColumn(part), ({ stepParts }: Run) => stepParts[part]] as const),
];
const bubbleOf = ({ stepParts }: Run) => stepParts.bubble ?? 0;

/** What is the same for all runs of a document. */
const COMMON = ["seconds", "program", "parameters"] as const;

/**
 * One row a system and document: seed, system, what it reached, seconds by activity, counts, seconds of a mean step by what it
 * is spent on; then the document's seconds, program, and parameters as JSON.
 */
export function* simulationCsv(
  { seed, runs, seconds, program, parameters }: SimulationDocument,
  header: boolean,
): Generator<string> {
  if (header) yield stringify([["seed", "system", ...figures.map(([column]) => column), BUBBLE, ...COMMON]]);
  const common = [seconds, program, JSON.stringify(parameters)];
  yield stringify(runs.map((run) => [seed, run.system, ...figures.map(([, of]) => of(run)), bubbleOf(run), ...common]));
}

/**
 * Simulations from such rows. A document ends where its seed or what is common to it changes, or a system comes again.
 * @throws InputError with the line
 */
export function simulationsFromCsv(text: string, file: string): SimulationDocument[] {
  const groups: { readonly key: string; readonly line: number; readonly header: object; readonly runs: Run[] }[] = [];
  for (const { line, cells } of csvTable(
    text,
    file,
    ["seed", "system", ...figures.map(([column]) => column), ...COMMON],
    [BUBBLE],
  )) {
    const cell = (name: string) => cells.get(name)!;
    const number = (name: string): number => {
      const value = decimalNumber(cell(name));
      if (!Number.isNaN(value)) return value;
      throw new InputError(`${name} is ${quoteInput(cell(name))}; expected a number: correct the row`, { file, line });
    };
    const listed = <T extends string>(names: readonly T[], column: (name: T) => string) =>
      Object.fromEntries(names.map((name) => [name, number(column(name))])) as Record<T, number>;
    const bubble = cells.has(BUBBLE) ? number(BUBBLE) : 0;
    const run: Run = {
      system: cell("system"),
      samples: number("samples"),
      steps: number("steps"),
      samplesPerSecond: number("samplesPerSecond"),
      seconds: listed(ACTIVITIES, (activity) => `${activity}Seconds`),
      lostComputeSeconds: number("lostComputeSeconds"),
      ...listed(COUNTS, (count) => count),
      stepParts: { ...listed(STEP_PARTS, stepColumn), ...(bubble === 0 ? {} : { bubble }) },
    };
    const key = ["seed", ...COMMON].map((name) => cell(name)).join("\n");
    const group = groups.at(-1);
    if (group?.key === key && !group.runs.some(({ system }) => system === run.system)) group.runs.push(run);
    else {
      const header = {
        type: "simulation",
        version: 1,
        program: cell("program"),
        seed: number("seed"),
        parameters: parseJson(cell("parameters"), file, line),
        seconds: number("seconds"),
      };
      groups.push({ key, line, header, runs: [run] });
    }
  }
  if (groups.length === 0) throw new InputError("there are no rows; expected simulations", { file, line: 1 });
  return groups.map(({ line, header, runs }) => {
    try {
      return checkSimulation({ ...header, runs }, file);
    } catch (error) {
      throw error instanceof InputError ? error.onLine(line) : error;
    }
  });
}

function stepColumn(part: (typeof STEP_PARTS)[number]): string {
  return `step${part[0]!.toUpperCase()}${part.slice(1)}Seconds`;
}

/** One row a change of a run. */
export function* timelineCsv(rows: readonly TimelineRow[]): Generator<string> {
  const columns = ["system", "second", "nodes", "samplesPerSecond", "event", "training", "samples"] as const;
  yield stringify([[...columns]]);
  yield stringify(rows.map((row) => columns.map((column) => row[column])));
}
