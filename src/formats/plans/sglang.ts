/**
 * SGLang's expert location, the file of --init-expert-location: `{"physical_to_logical_map":[[...]]}`, one row for every
 * hidden layer of the model, slots in rank order. SGLang passes the keys on as arguments, so that any other is an error.
 */
import { InputError, quoteInput } from "../../errors.ts";
import { expertRow } from "./expertRow.ts";
import type { PlanRow } from "./plan.ts";
import type { PlanTable } from "./planTable.ts";

const KEY = "physical_to_logical_map";

/** Whether a parsed value looks like such a file. */
export function isSglangPlan(value: object): boolean {
  return KEY in value;
}

/**
 * Dense layers have identity rows: slot s holds expert s, and round again for redundant slots.
 * @param hidden layer of the model that each row is, ascending
 */
export function encodeSglang({ experts, rows }: PlanTable, hidden: readonly number[]): string {
  const slots = rows[0]?.slots.length ?? 0;
  const identity = Array.from({ length: slots }, (_, slot) => slot % experts);
  const map = Array.from({ length: (hidden.at(-1) ?? -1) + 1 }, () => identity);
  for (const [index, row] of rows.entries()) map[hidden[index]!] = [...row.slots];
  return `${JSON.stringify({ [KEY]: map })}\n`;
}

/** Rows of all hidden layers, dense ones included. @throws InputError */
export function decodeSglang(value: object, file: string): PlanRow[] {
  const stranger = Object.keys(value).find((key) => key !== KEY);
  if (stranger !== undefined) {
    throw new InputError(
      `an SGLang expert location has the key ${KEY} only, found ${quoteInput(stranger)}; SGLang refuses it, remove it`,
      {
        file,
      },
    );
  }
  const map = (value as Record<string, unknown>)[KEY];
  if (!Array.isArray(map)) throw new InputError(`${KEY}: expected a list of rows, one a hidden layer`, { file });
  return map.map((row, layer) => ({ layer, slots: expertRow(row, `${KEY}[${layer}]`, file) }));
}
