/** A recovery plan as flat rows, one a transfer; one that cannot be carried out lists what is lost. */
import { stringify } from "csv-stringify/sync";
import type { RecoveryPlanDocument } from "./documents/recoveryPlan.ts";

/** CSV `round,layer,expert,from,to,bytes`; a lost expert has no round, sender or receiver. */
export function* recoveryPlanCsv({ transfers, lost }: RecoveryPlanDocument, header: boolean): Generator<string> {
  if (header) yield "round,layer,expert,from,to,bytes\n";
  yield stringify([
    ...(transfers ?? []).map(({ round, layer, expert, from, to, bytes }) => [round, layer, expert, from, to, bytes]),
    ...lost.map(({ layer, expert }) => ["", layer, expert, "", "", ""]),
  ]);
}
