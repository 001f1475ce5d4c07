/** Tables that Slurm prints: sinfo's default one, and `sacctmgr -P show event`. */
import { InputError } from "../../errors.ts";
import { UnitError } from "../units.ts";
import { expandHostList } from "./hostList.ts";

/** States of nodes that do no work any more; drained and draining nodes are alive. */
const DEAD = /^(down|fail\w*|error|unknown|powered_down|powering_down|no_respond)\b/i;

/** Whether a text begins with the header of such a table. */
export function isSlurmTable(text: string): boolean {
  const header = headerOf(text);
  return header.includes("NODELIST") || header.includes("NODENAME");
}

/**
 * Names of the nodes whose state is down, failed, powered down or unknown, or that do not respond (an asterisk after the
 * state). Of sacctmgr's events only those that have not ended count.
 * @throws InputError with the line
 */
export function slurmFailedNodes(text: string, file: string): string[] {
  const header = headerOf(text);
  const names = header.findIndex((title) => title === "NODELIST" || title === "NODENAME");
  const state = header.indexOf("STATE");
  const end = header.findIndex((title) => title === "TIMEEND" || title === "END");
  if (state < 0)
    throw new InputError("the table has no column STATE, which says which nodes failed; print it, or the failed nodes only", {
      file,
      line: 1,
    });
  const failed = new Set<string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const cells = cellsOf(line);
    if (line.trim() === "" || cells[names]?.toUpperCase() === header[names]) continue;
    const at = { file, line: i + 1 };
    const [nodes, condition] = [cells[names], cells[state]];
    if (nodes === undefined || condition === undefined)
      throw new InputError(`expected ${header.length} columns as in the header, got ${cells.length}`, at);
    if (nodes === "" || nodes === "(null)") continue; // Events of the whole cluster name no node.
    if (!DEAD.test(condition) && !/^[a-z_]+\*/i.test(condition)) continue;
    if (end >= 0 && cells[end] !== "Unknown" && cells[end] !== "") continue;
    try {
      for (const name of expandHostList(nodes)) failed.add(name);
    } catch (error) {
      throw error instanceof UnitError ? new InputError(error.message, at) : error;
    }
  }
  return [...failed];
}

function headerOf(text: string): string[] {
  return cellsOf(text.trimStart().split(/\r?\n/, 1)[0] ?? "").map((title) => title.toUpperCase());
}

/** Cells between bars (-P) or blanks. */
function cellsOf(line: string): string[] {
  return line.includes("|") ? line.split("|").map((cell) => cell.trim()) : line.trim().split(/\s+/);
}
