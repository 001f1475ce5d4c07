/** Traces of rows `hours,count`: how many nodes there are from a moment on. */
import type { RandomSource } from "../../core/algorithms/random.ts";
import type { MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import { InputError, quoteInput } from "../../errors.ts";
import { MOST_TRACED_NODES, traceOfCounts } from "./countTrace.ts";
import { traceRows } from "./traceRows.ts";

const SECONDS_PER_HOUR = 3600;

/**
 * Reads a trace; a header row is skipped.
 * @param random draws which nodes go: the trace does not say
 * @throws InputError with the line
 */
export function hourlyCounts(text: string, file: string, random: RandomSource): MembershipTrace {
  const rows = traceRows(text, file);
  const headless = Number.isNaN(Number(rows[0]?.cells[0])) ? rows.slice(1) : rows;
  if (headless.length === 0) throw new InputError("the trace has a header only; expected rows hours,count", { file });
  let last = Number.NEGATIVE_INFINITY;
  const counts = headless.map(({ cells, line }) => {
    const [hours = "", count = ""] = cells;
    const wrong = (what: string, found: string) => new InputError(`${what}, got ${quoteInput(found)}`, { file, line });
    if (cells.length !== 2) throw wrong("expected hours,count", cells.join(","));
    if (hours === "" || !Number.isFinite(Number(hours))) throw wrong("expected a number of hours", hours);
    if (!/^\d{1,6}$/.test(count) || Number(count) > MOST_TRACED_NODES) {
      throw wrong(`expected a whole number of nodes, at most ${MOST_TRACED_NODES}`, count);
    }
    const seconds = Number(hours) * SECONDS_PER_HOUR;
    if (seconds < last) throw wrong("expected rows in the order of time; sort the file by its first column", hours);
    last = seconds;
    return { seconds, nodes: Number(count) };
  });
  return traceOfCounts(counts, file, random);
}
