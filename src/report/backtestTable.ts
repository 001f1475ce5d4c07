/** How far off the methods of forecasting were on a log. */
import type { ForecastMethod } from "../core/profile/loadForecast.ts";
import type { Paint } from "./paint.ts";
import { fixed, textTable } from "./table.ts";

/** Mean errors over origins and layers. */
export interface BacktestFigures {
  readonly origins: number;
  /** First and last origin. */
  readonly from: number;
  readonly to: number;
  readonly errors: readonly { readonly method: ForecastMethod; readonly error: number }[];
}

/** A row a method, the one that was asked for first. */
export function backtestTable({ origins, from, to, errors }: BacktestFigures, horizon: number, paint: Paint): string {
  const last = errors.find(({ method }) => method === "last")!.error;
  const least = Math.min(...errors.map(({ error }) => error));
  const rows = errors.map(({ method, error }) => [
    method,
    `${fixed(error, 4)}${error === least ? " *" : "  "}`,
    last === 0 ? "" : `${((error / last - 1) * 100).toFixed(1)} %`,
  ]);
  const columns = [{ head: "method", align: "left" as const }, { head: "error  " }, { head: "against last" }];
  const head = `${paint.bold("Backtest")} ${horizon} iterations ahead, ${origins} origins from iteration ${from} to ${to}: mean L1 distance of shares`;
  return `${head}\n\n${textTable(columns, rows, paint)}\n* least`;
}
