/** Load profiles as flat rows, which every command reads that wants loads. */
import { stringify } from "csv-stringify/sync";
import { UsageError } from "../errors.ts";
import { forecastCells, forecastColumns } from "./csv/forecastRows.ts";
import { WINDOW_COLUMNS } from "./csv/loadWindows.ts";
import { windowTable } from "./csv/windows.ts";
import type { LoadProfileDocument } from "./documents/loadProfile.ts";

/**
 * CSV `[window,]iteration,layer[,rank],expert,tokens` in pieces, one a layer; iteration is the last of the window. Loads that are not
 * those of one iteration say `from,iterations,method,alpha`, those that are a forecast how it was made.
 */
export function loadProfileCsv(): (document: LoadProfileDocument, first: boolean) => Generator<string> {
  const partOf = windowTable(({ window }: LoadProfileDocument) => (window.ofSeveral ? window : undefined));
  let columns: readonly string[] = [];
  return function* (document, first) {
    const { header, cell } = partOf(document, first);
    const { window, layers, forecast } = document;
    const ranked = layers[0]!.byRank !== undefined;
    const needed = [...windowTerms(document, header !== ""), ...(forecast === undefined ? [] : forecastColumns(forecast))];
    if (first) {
      columns = needed;
      yield stringify([
        [...(header === "" ? [] : ["window"]), "iteration", "layer", ...(ranked ? ["rank"] : []), "expert", "tokens", ...columns],
      ]);
    } else if (needed.some((name) => !columns.includes(name)) || (forecast === undefined) !== !columns.includes("forecast")) {
      throw new UsageError(
        "--format csv: only some of the load-profiles are means or forecasts of several iterations; write --format json",
      );
    }
    const begin = cell === "" ? [] : [cell.slice(0, -1)];
    const end = WINDOW_COLUMNS.filter((name) => columns.includes(name)).map((name) => window[name]);
    for (const { layer, loads, byRank } of layers) {
      const forecasts = forecast && forecastCells(forecast, layer, loads.length);
      const rows = byRank
        ? byRank.flatMap((row, rank) => row.map((tokens, expert) => [...begin, window.to, layer, rank, expert, tokens, ...end]))
        : loads.map((tokens, e) => [...begin, window.to, layer, e, tokens, ...end, ...(forecasts?.[e] ?? [])]);
      yield stringify(rows);
    }
  };
}

/** Columns that say what a window is, where it is not one iteration; the column `window` says where it begins. */
function windowTerms({ window }: LoadProfileDocument, haveWindow: boolean): string[] {
  const { from, to, iterations, method, alpha } = window;
  if ((from === to || haveWindow) && iterations === 1 && method === "mean") return [];
  return [...(haveWindow ? [] : ["from"]), "iterations", "method", ...(alpha === undefined ? [] : ["alpha"])];
}
