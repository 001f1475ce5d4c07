/** Tables of nodes and their states: `sinfo` in any layout with a header, `sacctmgr -P show event`, `kubectl get nodes`. */
import { InputError, quoteInput } from "../../errors.ts";
import { UnitError } from "../units.ts";
import { expandHostList } from "./hostList.ts";
import { kubernetesState, type NodeState, slurmState } from "./nodeStates.ts";

const NAME_TITLES = new Set(["NODELIST", "NODENAME", "HOSTNAMES", "NODEHOST", "NODE", "NAME"]);
const STATE_TITLES = new Set(["STATE", "STATECOMPLETE", "STATUS"]);
const END_TITLES = new Set(["TIMEEND", "END"]);
/** A line in which sinfo says when, or of which cluster, the table below it is. */
const BETWEEN_TABLES = /^(\w{3} \w{3} +\d+ [\d:]+ \d{4}|CLUSTER: .*)$/;
/** How far down a header is looked for. */
const MOST_LINES_BEFORE = 20;

/** A word of a line, and the columns of the text that it covers. */
interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Header {
  readonly words: readonly Word[];
  readonly bars: boolean;
  readonly name: number;
  readonly state: number;
  /** Column with the end of an event; -1 where there is none. */
  readonly end: number;
}

/** Whether one of the first lines is the header of a table: some title says that names of nodes, or states, follow. */
export function isNodeTable(text: string): boolean {
  return headerLine(text.split(/\r?\n/)) >= 0;
}

/** A table of nodes. */
export interface NodeTable {
  /** What it says of each of its nodes. */
  readonly states: ReadonlyMap<string, NodeState>;
  /** Whether kubectl made it, which leaves no node out; of events, only nodes that have some are there. */
  readonly source: "kubectl" | "slurm" | "events";
}

/**
 * What a table says of its nodes. The last row of a node counts; of events only those that have not ended.
 * @throws InputError with the line
 */
export function nodesOfTable(text: string, file: string): NodeTable {
  const lines = text.split(/\r?\n/);
  const first = headerLine(lines);
  let header: Header | undefined;
  const states = new Map<string, NodeState>();
  for (const [i, line] of lines.entries()) {
    const at = { file, line: i + 1 };
    if (line.trim() === "" || BETWEEN_TABLES.test(line.trim()) || /^[-\s|]+$/.test(line)) continue;
    if (i < first) throw new InputError(`${quoteInput(line.trim())} is no part of a table; remove it, or the table`, at);
    if (i === first) header = checkHeader(headerOf(line), at);
    else if (header !== undefined && line.trim() !== lines[first]?.trim()) readRow(line, header, at, states);
  }
  return {
    states,
    source: header === undefined || !isKubernetes(header) ? ((header?.end ?? -1) < 0 ? "slurm" : "events") : "kubectl",
  };
}

function headerLine(lines: readonly string[]): number {
  return lines.slice(0, MOST_LINES_BEFORE).findIndex((line) => {
    const { name, state, words } = headerOf(line);
    const titles = words.map(({ text }) => text.toUpperCase());
    // A list of hosts may well have one that is called "name": the word alone makes no header.
    return (name >= 0 && state >= 0) || titles.some((title) => /^(NODELIST(\(REASON\))?|NODENAME|HOSTNAMES|JOBID)$/.test(title));
  });
}

function headerOf(line: string): Header {
  const bars = line.includes("|");
  const words = bars ? betweenBars(line) : betweenBlanks(line);
  const titles = words.map(({ text }) => text.toUpperCase());
  const column = (known: ReadonlySet<string>) => titles.findIndex((title) => known.has(title));
  return { words, bars, name: column(NAME_TITLES), state: column(STATE_TITLES), end: column(END_TITLES) };
}

function checkHeader(header: Header, at: { file: string; line: number }): Header {
  const { words, name, state } = header;
  if (words.some(({ text }) => /^(JOBID|JOB_ID)$/i.test(text)))
    throw new InputError("this is a table of jobs, which does not say which nodes failed; pass one of nodes (sinfo)", at);
  if (name < 0) throw new InputError("the table has no column with the names of nodes; print one, or the failed nodes only", at);
  if (state < 0) {
    throw new InputError("the table has no column STATE, which says which nodes failed; print it, or the failed nodes only", at);
  }
  return header;
}

function readRow(line: string, header: Header, at: { file: string; line: number }, states: Map<string, NodeState>): void {
  const { name, state, end } = header;
  const [nodes, condition, ended] = cellsOf(line, header, end < 0 ? [name, state] : [name, state, end], at);
  if (nodes === "" || nodes === "(null)" || nodes === undefined) return; // Events of the whole cluster name no node.
  if (ended !== undefined && ended !== "" && ended !== "Unknown") return;
  const said = (isKubernetes(header) ? kubernetesState : slurmState)(condition ?? "", at);
  try {
    for (const host of expandHostList(nodes)) states.set(host, said);
  } catch (error) {
    throw error instanceof UnitError ? new InputError(error.message, at) : error;
  }
}

function isKubernetes({ words, state }: Header): boolean {
  return words[state]?.text.toUpperCase() === "STATUS";
}

/** The cells of some columns. */
function cellsOf(
  line: string,
  { words, bars }: Header,
  columns: readonly number[],
  at: { file: string; line: number },
): string[] {
  const cells = bars ? betweenBars(line) : betweenBlanks(line);
  const short = new InputError(
    `expected ${words.length} columns as in the header, got ${cells.length}; print the table with fewer, sinfo -N -o "%N %T"`,
    at,
  );
  if (bars) {
    if (columns.some((column) => column >= cells.length)) throw short;
    return columns.map((column) => (cells[column] as Word).text);
  }
  // A column may be blank, and a reason have several words: then the place in the line tells, under the title's begin or end.
  const placed = columns.map((column) => {
    const { start, end } = words[column] as Word;
    return cells.findIndex((cell) => cell.start === start || cell.end === end);
  });
  if (!placed.includes(-1) && new Set(placed).size === placed.length) return placed.map((i) => (cells[i] as Word).text);
  if (cells.length !== words.length) throw short;
  return columns.map((column) => (cells[column] as Word).text);
}

function betweenBlanks(line: string): Word[] {
  return Array.from(line.matchAll(/\S+/g), ({ 0: text, index }) => ({ text, start: index, end: index + text.length }));
}

function betweenBars(line: string): Word[] {
  return line.split("|").map((cell) => ({ text: cell.trim(), start: 0, end: 0 }));
}
