/** Drift of loads as flat rows. */
import { stringify } from "csv-stringify/sync";
import type { LoadDriftDocument } from "./documents/loadDrift.ts";

/** CSV, a row a layer; no half-life where a fresh plan gains nothing. */
export function loadDriftCsv({ layers, window, every }: LoadDriftDocument, first: boolean): string[] {
  const header = "from,to,every,layer,distance,maxDistance,rankCorrelation,minRankCorrelation,freshBalance,oldBalance,halfLife\n";
  const rows = layers.map(({ layer, distance, rankCorrelation, balance, halfLife = "" }) => [
    ...[window.from, window.to, every, layer, distance.mean, distance.max],
    ...[rankCorrelation.mean, rankCorrelation.min, balance.fresh, balance.old, halfLife],
  ]);
  return [first ? header : "", stringify(rows)];
}
