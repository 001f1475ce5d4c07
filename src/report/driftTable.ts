/** How fast loads change, as a person reads it. */
import type { LoadDriftDocument } from "../formats/documents/loadDrift.ts";
import type { Paint } from "./paint.ts";
import { fixed, textTable } from "./table.ts";

/** A row a layer. */
export function driftTable({ experts, window, windows, every, spacing, plans, layers }: LoadDriftDocument, paint: Paint): string {
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
  return `${paint.bold("Load drift")} iterations ${window.from} to ${window.to}: ${layers.length} layers of ${experts} experts
${windows} windows of ${every} recorded, ${whole(spacing)} iterations apart

${textTable(columns, rows, paint)}

L1: distance of the experts' shares between a window and the next; ranks: rank
correlation of their loads. Busiest of ${plans.ranks} GPUs of ${plans.slotsARank} slots over the mean, even shares:
fresh of a plan (EPLB's) in its own window, old of one made ${age} iterations before;
half-life: iterations until a plan has lost half of what it gains over the old one.`;
}

function whole(value: number): string {
  return String(Number(value.toPrecision(3)));
}
