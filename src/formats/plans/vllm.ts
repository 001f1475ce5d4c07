/**
 * vLLM's physical-to-logical map as nested lists, [MoE layer][slot], slots in rank order. A slot of -1 holds no expert: vLLM 0.33.0 counts only
 * slots from 0 on as copies (eplb_state.py), and marks so what it has no rank for when it scales.
 */
import { expertRow } from "./expertRow.ts";
import type { PlanRow } from "./plan.ts";
import type { PlanTable } from "./planTable.ts";

/** One line of JSON. */
export function encodeVllm({ rows }: PlanTable): string {
  return `${JSON.stringify(rows.map((row) => row.slots))}\n`;
}

/** Rows by MoE layer. @throws InputError */
export function decodeVllm(value: readonly unknown[], file: string): PlanRow[] {
  return value.map((row, layer) => ({ layer, slots: expertRow(row, `[${layer}]`, file, -1) }));
}
