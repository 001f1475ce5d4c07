/** How fast loads change, as a person reads it. */
import type { LoadDriftDocument } from "../formats/documents/loadDrift.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { counted, fixed, textTable } from "./table.ts";

/** A row a layer. */
export function driftTable(
  { experts, window, windows, every, spacing, plans, layers }: LoadDriftDocument,
  paint: Paint,
  width: number,
): string {
  const age = whole(Math.floor(windows / 2) * spacing);
  const rows = layers.map(({ layer, distance, rankCorrelation, balance, halfLife }) => [
    String(layer),
    fixed(distance.mean, 3),
    fixed(distance.max, 3),
    fixed(rankCorrelation.mean, 3),
    fixed(rankCorrelation.min, 3),
    fixed(balance.fresh, 3),
    fixed(balance.old, 3),
    halfLife === undefined ? "none" : whole(halfLife),
  ]);
  const columns = ["layer", "L1", "L1 max", "ranks", "ranks min", "fresh", "old", "half-life"].map((head) => ({ head }));
  const note = `L1: distance of the experts' shares between a window and the next; ranks: rank correlation of their loads. Busiest of ${plans.ranks} GPUs of ${plans.slotsARank} slots over the mean, even shares: fresh of a plan (EPLB's) in its own window, old of one made ${age} iterations before; half-life: iterations until a plan has lost half of what it gains over the old one.`;
  return `${paint.bold("Load drift")} iterations ${window.from} to ${window.to}: ${counted(layers.length, "layer")} of ${counted(experts, "expert")}
${windows} windows of ${every} recorded, ${spacing === 1 ? "one after the other" : `${whole(spacing)} iterations apart`}

${textTable(columns, rows, paint)}

${wrapped(note, width)}${heatMap(layers, window)}`;
}

/** Cells of a line, so that it fits a terminal. */
const MOST_CELLS = 60;
const SHADES = [" ", "░", "▒", "▓", "█"];

/** When layers changed: distances over time from left to right, shaded by their logarithm, as the first are often many times the later ones. */
function heatMap(layers: LoadDriftDocument["layers"], { from, to }: LoadDriftDocument["window"]): string {
  const rows = layers.flatMap(({ layer, distances = [] }) =>
    distances.length === 0 ? [] : [{ layer, cells: inCells(distances) }],
  );
  const positive = rows.flatMap(({ cells }) => cells).filter((distance) => distance > 0);
  if (positive.length === 0) return "";
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const shadeOf = (distance: number) => {
    if (distance === 0) return SHADES[0];
    const height = most === least ? 1 : Math.log(distance / least) / Math.log(most / least);
    return SHADES[Math.min(SHADES.length - 1, Math.floor(SHADES.length * height))];
  };
  const lines = rows.map(({ layer, cells }) => `${String(layer).padStart(5)} |${cells.map(shadeOf).join("")}|`);
  const width = rows[0]!.cells.length;
  const ends = String(from) + String(to).padStart(Math.max(width - String(from).length, String(to).length + 1));
  const head = `layer  L1 over the iterations, log scale: ${fixed(least, 3)} (blank) to ${fixed(most, 3)}`;
  return `\n\n${head}\n${lines.join("\n")}\n       ${ends}`;
}

/** Means of neighbours, as many as fit a line. */
function inCells(distances: readonly number[]): number[] {
  const cells = Math.min(MOST_CELLS, distances.length);
  const edge = (cell: number) => Math.floor((cell * distances.length) / cells);
  return Array.from({ length: cells }, (_, cell) => {
    const part = distances.slice(edge(cell), edge(cell + 1));
    return part.reduce((sum, distance) => sum + distance, 0) / part.length;
  });
}

function whole(value: number): string {
  return String(Number(value.toPrecision(3)));
}
