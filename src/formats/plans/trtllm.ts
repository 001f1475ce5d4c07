/**
 * TensorRT-LLM's load balancer file (moe_config.load_balancer): YAML with num_slots, initial_global_assignments by layer of
 * the model, and layer_updates_per_iter (0 keeps the plan as it is). Only this shape of YAML is read: keys with numbers or
 * lists of numbers, lists on one line or many, comments.
 */
import { InputError, quoteInput } from "../../errors.ts";
import type { PlanRow } from "./plan.ts";
import type { PlanTable } from "./planTable.ts";

/**
 * YAML text.
 * @param hidden layer of the model that each row is
 */
export function encodeTrtllm({ rows }: PlanTable, hidden: readonly number[], layerUpdatesPerIteration: number): string {
  const lines = rows.map(({ slots }, index) => `  ${hidden[index]}: [${slots.join(", ")}]`);
  return [
    `num_slots: ${rows[0]?.slots.length ?? 0}`,
    "initial_global_assignments:",
    ...lines,
    `layer_updates_per_iter: ${layerUpdatesPerIteration}`,
    "",
  ].join("\n");
}

/** Rows by the model's layer. @throws InputError with the line */
export function decodeTrtllm(text: string, file: string): PlanRow[] {
  const rows = new Map<number, number[]>();
  const numbers = new Map<string, number>();
  let inAssignments = false;
  for (const { line, indent, key, value } of entries(text, file)) {
    const at = { file, line };
    if (indent === 0) {
      inAssignments = key === "initial_global_assignments";
      if (inAssignments && value === "") continue;
      if (!["num_slots", "layer_updates_per_iter", "ep_size"].includes(key)) {
        throw new InputError(
          `${quoteInput(key)}: expected num_slots, initial_global_assignments with a line a layer, or layer_updates_per_iter`,
          at,
        );
      }
      numbers.set(key, wholeNumber(value, key, at));
    } else {
      if (!inAssignments)
        throw new InputError(`${quoteInput(key)}: expected nothing indented but the layers of initial_global_assignments`, at);
      const layer = wholeNumber(key, "the layer", at);
      if (rows.has(layer)) throw new InputError(`layer ${layer} is there twice; give each layer once`, at);
      const list = /^\[(.*)\]$/.exec(value)?.[1];
      if (list === undefined) throw new InputError(`layer ${layer}: expected a list of expert ids such as [0, 1, 2]`, at);
      rows.set(layer, list.trim() === "" ? [] : list.split(",").map((id) => wholeNumber(id.trim(), `layer ${layer}`, at)));
    }
  }
  if (rows.size === 0)
    throw new InputError("initial_global_assignments is missing or empty; expected a list of expert ids for every MoE layer", {
      file,
    });
  const slots = numbers.get("num_slots");
  for (const [layer, row] of rows) {
    if (slots !== undefined && row.length !== slots) {
      throw new InputError(`layer ${layer} has ${row.length} slots, but num_slots is ${slots}; make them agree`, { file });
    }
  }
  return Array.from(rows, ([layer, row]) => ({ layer, slots: row })).sort((a, b) => a.layer - b.layer);
}

/** One `key: value`; a list that goes on over lines is joined to one value in brackets. */
interface Entry {
  readonly line: number;
  readonly indent: number;
  readonly key: string;
  value: string;
  /** Whether the value is gathered from lines that begin with a dash. */
  block: boolean;
}

function entries(text: string, file: string): Entry[] {
  const found: Entry[] = [];
  let open: Entry | undefined;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = i + 1;
    const content = raw.replace(/(^|\s)#.*$/, "").trimEnd();
    const trimmed = content.trim();
    if (trimmed === "" || (trimmed === "---" && found.length === 0)) continue;
    if (open !== undefined) {
      open.value += ` ${trimmed}`;
      if (trimmed.endsWith("]")) open = undefined;
      continue;
    }
    const item = /^-\s+(.*)$/.exec(trimmed)?.[1];
    const last = found.at(-1);
    if (item !== undefined && last !== undefined && (last.value === "" || last.block)) {
      last.value = last.block ? `${last.value.slice(0, -1)}, ${item}]` : `[${item}]`;
      last.block = true;
      continue;
    }
    const pair = /^(["']?)([\w-]+)\1:(?:\s+(.*))?$/.exec(trimmed);
    if (pair === null)
      throw new InputError(`${quoteInput(trimmed)}: expected KEY: VALUE, as TensorRT-LLM's load balancer file has it`, {
        file,
        line,
      });
    const entry = { line, indent: content.length - trimmed.length, key: pair[2] as string, value: pair[3] ?? "", block: false };
    found.push(entry);
    if (entry.value.startsWith("[") && !entry.value.endsWith("]")) open = entry;
  }
  if (open !== undefined) throw new InputError("the list is not closed; expected ] at its end", { file, line: open.line });
  return found;
}

function wholeNumber(text: string, what: string, at: { file: string; line: number }): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InputError(`${what}: expected a whole number, got ${quoteInput(text)}`, at);
  }
  return value;
}
