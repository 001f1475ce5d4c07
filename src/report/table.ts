/** Tables for people. */
import Table from "cli-table3";
import type { Paint } from "./paint.ts";

/** A column: its heading, and whether its cells stand at the right as numbers do. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** A table with a rule under the headings and no other lines. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint): string {
  const table = new Table({
    head: columns.map((column) => paint.bold(column.head)),
    colAligns: columns.map((column) => column.align ?? "right"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "",
    },
  });
  for (const row of rows) table.push([...row]);
  const lines = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  return lines.join("\n");
}

/** A number with a fixed count of decimals. */
export function fixed(value: number, decimals: number): string {
  return value.toFixed(decimals);
}

/** A whole number with thin groups of three digits: 1 234 567. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}

/** So many of something: `1 layer`, `58 layers`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A share as a percentage. */
export function percent(share: number, decimals = 1): string {
  return `${(share * 100).toFixed(decimals)} %`;
}

/** A bar of eighths of a character, for shares between 0 and 1. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const part = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) + (part === 0 ? "" : " ▏▎▍▌▋▊▉"[part]);
}
