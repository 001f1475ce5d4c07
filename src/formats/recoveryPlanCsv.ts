/** A recovery plan as flat rows, one a transfer; one that cannot be carried out lists what is lost. */
import { stringify } from "csv-stringify/sync";
import { windowTable } from "./csv/windows.ts";
import type { RecoveryPlanDocument } from "./documents/recoveryPlan.ts";

/** Where a replica comes from: another replica, on the node that sends it. */
const FROM_REPLICA = "replica";

/**
 * CSV `[window,]round,layer,expert,from,to,bytes,source`; a lost expert has no round, sender or receiver. What a node takes out of its own host
 * memory or the store comes first and has no round, and from the store no sender.
 */
export function recoveryPlanCsv(): (document: RecoveryPlanDocument, first: boolean) => Generator<string> {
  const partOf = windowTable(({ window }: RecoveryPlanDocument) => window);
  return function* (document, first) {
    const { header, cell } = partOf(document, first);
    if (first) yield `${header}round,layer,expert,from,to,bytes,source\n`;
    const begin = cell === "" ? [] : [cell.slice(0, -1)];
    const { transfers = [], restored = [], lost } = document;
    yield stringify([
      ...restored
        .filter(({ from, to }) => from === undefined || from === to)
        .map(({ layer, expert, tier, from = "", to, bytes }) => [...begin, "", layer, expert, from, to, bytes, tier]),
      ...transfers.map(({ round, layer, expert, from, to, bytes, source = FROM_REPLICA }) => [
        ...begin,
        round,
        layer,
        expert,
        from,
        to,
        bytes,
        source,
      ]),
      ...lost.map(({ layer, expert }) => [...begin, "", layer, expert, "", "", "", ""]),
    ]);
  };
}
