/** Node outages from Slurm's accounting: the output of `sacctmgr -P show event`. */
import type { MembershipTrace, TraceEvent } from "../../core/simulation/membershipTrace.ts";
import { InputError, quoteInput } from "../../errors.ts";
import { checkedName } from "../names.ts";
import { type TraceRow, traceRows } from "./traceRows.ts";

const COLUMNS = ["NodeName", "TimeStart", "TimeEnd"] as const;

/** Time in which a node was out. */
interface Outage {
  readonly from: number;
  readonly to: number;
}

/** Seconds before the first outage at which time starts, so that a job has all nodes to start with. */
const LEAD_SECONDS = 1;

/**
 * Reads outages. Time starts just before the first of them, with all nodes that are named; an outage without an end lasts. Events of
 * the cluster as a whole (without a node) do not count.
 * @param nodes nodes of the cluster: Slurm lists only those that had events, so that the others are there all the time
 * @throws InputError with the line
 */
export function slurmEvents(text: string, file: string, nodes = 0): MembershipTrace {
  const [header, ...rows] = traceRows(text, file, "|") as [TraceRow, ...TraceRow[]];
  const places = COLUMNS.map((name) =>
    header.cells.findIndex((cell) => cell.replaceAll(" ", "").toLowerCase() === name.toLowerCase()),
  );
  const missing = COLUMNS.filter((_, i) => places[i]! < 0);
  if (missing.length > 0) {
    throw new InputError(`the column ${missing.join(", ")} is missing; make the file with \`sacctmgr -P show event\``, {
      file,
      line: header.line,
    });
  }
  const outages = new Map<string, Outage[]>();
  for (const { cells, line } of rows) {
    const [node = "", start = "", end = ""] = places.map((place) => cells[place]);
    if (node === "") continue;
    checkedName(node, "the node", { file, line });
    const from = slurmTime(start);
    const to = /^(unknown|none)?$/i.test(end) ? Number.POSITIVE_INFINITY : slurmTime(end);
    if (Number.isNaN(from) || Number.isNaN(to) || from > to) {
      const found = quoteInput(`${start}|${end}`);
      throw new InputError(
        `expected TimeStart and TimeEnd such as 2024-05-01T12:30:00 (or epoch seconds) in order, got ${found}`,
        { file, line },
      );
    }
    const list = outages.get(node);
    if (list === undefined) outages.set(node, [{ from, to }]);
    else list.push({ from, to });
  }
  if (outages.size === 0) throw new InputError("no event names a node; expected at least one", { file });
  const start = [...outages.values()].flat().reduce((first, { from }) => Math.min(first, from), Number.POSITIVE_INFINITY);
  const healthy = Array.from({ length: Math.max(0, nodes - outages.size) }, (_, i) => `without events ${i + 1}`);
  const added = [...outages.keys(), ...healthy].map((node) => ({ seconds: 0, event: "add" as const, node }));
  const secondsAt = (time: number) => (time - start) / 1000 + LEAD_SECONDS;
  const changes = [...outages].flatMap(([node, list]) =>
    joined(list).flatMap(({ from, to }): TraceEvent[] => [
      { seconds: secondsAt(from), event: "remove", node },
      ...(to === Number.POSITIVE_INFINITY ? [] : [{ seconds: secondsAt(to), event: "add" as const, node }]),
    ]),
  );
  return [...added, ...changes.sort((a, b) => a.seconds - b.seconds)];
}

/** Milliseconds; only differences matter, so any one time zone will do. NaN when it is no time. */
function slurmTime(text: string): number {
  if (/^\d{9,11}$/.test(text)) return 1000 * Number(text);
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/.test(text) ? Date.parse(`${text.replace(" ", "T")}Z`) : Number.NaN;
}

/** Outages of one node without overlaps, in the order of time. */
function joined(outages: readonly Outage[]): Outage[] {
  const apart: Outage[] = [];
  for (const outage of [...outages].sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last !== undefined && outage.from <= last.to)
      apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, outage.to) };
    else apart.push(outage);
  }
  return apart;
}
