/** Traces of rows `ms,add|remove,node` without a header, as Bamboo (NSDI 2023) recorded its spot instances. */
import type { MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import { InputError, quoteInput } from "../../errors.ts";
import { checkedName } from "../names.ts";
import { traceRows } from "./traceRows.ts";

/**
 * Reads a trace.
 * @throws InputError with the line
 */
export function millisecondTrace(text: string, file: string): MembershipTrace {
  let last = 0;
  return traceRows(text, file).map(({ cells, line }) => {
    const [milliseconds = "", event, node] = cells;
    const wrong = (what: string, found: string) => new InputError(`${what}, got ${quoteInput(found)}`, { file, line });
    if (cells.length !== 3) throw wrong("expected ms,add|remove,node", cells.join(","));
    if (!/^\d+$/.test(milliseconds)) throw wrong("expected whole milliseconds", milliseconds);
    if (event !== "add" && event !== "remove") throw wrong("expected add or remove", String(event));
    if (!node) throw wrong("expected the name of a node", "");
    checkedName(node, "the node", { file, line });
    const seconds = Number(milliseconds) / 1000;
    if (seconds < last) throw wrong("expected rows in the order of time; sort the file by its first column", milliseconds);
    last = seconds;
    return { seconds, event, node };
  });
}
