/** What a CSV holds, told by its header. */
import { InputError } from "../../errors.ts";
import { producers } from "../documents/schema.ts";

/** Columns that no other kind has together; loads come last, since others count tokens of experts as well. */
const TELLING = [
  ["placement", ["layer", "node", "slot", "expert"]],
  ["dispatch-plan", ["expert", "source", "target", "tokens"]],
  ["dispatch-weights", ["layer", "expert", "rank", "weight"]],
  ["recovery-plan", ["round", "layer", "expert", "from", "to"]],
  ["pipeline-plan", ["worker", "stage", "task", "microBatch"]],
  ["simulation", ["seed", "system", "samples"]],
  ["timeline", ["system", "second", "event"]],
  ["comparison", ["shares", "plan", "nodeSurvival"]],
  ["bench", ["backend", "kernel", "size"]],
  ["front of plans", ["plan", "asked", "on_front"]],
  ["load-drift", ["layer", "rankCorrelation", "halfLife"]],
  ["load-profile", ["layer", "expert", "tokens"]],
  ["load-profile", ["layer", "e0"]],
  ["load-profile", ["layer", "token", "expert"]],
] as const;

/** Kinds of CSV that the commands write. */
export type CsvKind = (typeof TELLING)[number][0];

/** The kind of CSV that has this header; nothing when it is none of ours. */
export function csvKind(names: readonly string[]): CsvKind | undefined {
  return TELLING.find(([, columns]) => columns.every((column) => names.includes(column)))?.[0];
}

/** The names in a header, as far as quotes do not matter. */
export function headerNames(line: string): string[] {
  return line.trim().replaceAll('"', "").split(",");
}

/** One document in place of another. */
export function wrongKind(found: CsvKind, wanted: string, file: string): InputError {
  const is =
    found === "recovery-plan"
      ? "these are the transfers of a recovery-plan"
      : found === "load-profile"
        ? "these are loads"
        : `this is a ${found}`;
  const remedy =
    found === "recovery-plan" && wanted === "placement"
      ? "write the new placement, `lazarus recover --format csv --rows placement`"
      : producers.get(wanted);
  return new InputError(`${is}; a ${wanted} is wanted here${remedy === undefined ? "" : `: ${remedy}`}`, { file, line: 1 });
}
