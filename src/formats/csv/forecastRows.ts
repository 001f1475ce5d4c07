/** A forecast in the rows of the loads that it expects. */
import type { LoadForecast } from "../../core/profile/loadForecast.ts";
import { FORECAST_METHODS } from "../../core/profile/loadForecast.ts";
import { decimalNumber } from "../units.ts";
import { wholeCell } from "./tableRows.ts";

/** The same in all rows, of a layer, and of an expert; then come the scenarios, a column each. */
const COMMON = ["forecast", "horizon", "origins", "error", "lastError", "coverage"] as const;
const OF_LAYER = ["forecaster", "layerError", "layerLastError"] as const;
const OF_EXPERT = ["low", "high"] as const;
const SCENARIO = "scenario:";

/** Columns that are there where loads are a forecast, in their order. */
export const FORECAST_COLUMNS = [...COMMON, ...OF_LAYER, ...OF_EXPERT] as const;

/** Whether a column holds the loads of a scenario. */
export function isScenario(name: string): boolean {
  return name.startsWith(SCENARIO) && name.length > SCENARIO.length;
}

/** Names of the columns of a forecast. */
export function forecastColumns({ scenarios = [] }: LoadForecast): string[] {
  return [...FORECAST_COLUMNS, ...scenarios.map(({ name }) => `${SCENARIO}${name}`)];
}

/** Cells of a layer's experts, shape [experts][columns]; what a forecast does not say is empty. */
export function forecastCells(forecast: LoadForecast, layer: number, experts: number): (string | number | undefined)[][] {
  const { method, horizon, origins, error, lastError, layers, quantiles, scenarios = [] } = forecast;
  const of = layers.find((one) => one.layer === layer);
  const between = quantiles?.layers.find((one) => one.layer === layer);
  const expected = scenarios.map((scenario) => scenario.layers.find((one) => one.layer === layer)?.loads);
  const common = [method, horizon, origins, error, lastError, quantiles?.coverage];
  return Array.from({ length: experts }, (_, expert) => [
    ...[...common, of?.forecaster, of?.error, of?.lastError, between?.low[expert], between?.high[expert]],
    ...expected.map((loads) => loads?.[expert]),
  ]);
}

/** One layer of a forecast, while its rows are read. */
interface LayerRows {
  /** Its first row. */
  readonly first: readonly string[];
  readonly layer: number;
  readonly forecaster: string;
  readonly error: number | undefined;
  readonly lastError: number | undefined;
  readonly low: number[];
  readonly high: number[];
  readonly scenarios: number[][];
}

/** Puts a forecast together from the rows of one window. */
export class ForecastRows {
  private readonly column: ReadonlyMap<string, number>;
  private readonly scenarios: readonly (readonly [string, number])[];
  private readonly file: string;
  private readonly layers = new Map<number, LayerRows>();
  private first: readonly string[] = [];
  private line = 0;

  constructor(names: readonly string[], file: string) {
    this.file = file;
    this.column = new Map(names.map((name, column) => [name, column]));
    this.scenarios = names.flatMap((name, column) => (isScenario(name) ? [[name.slice(SCENARIO.length), column] as const] : []));
  }

  /** @returns what is wrong with the row, if anything is */
  add(cells: readonly string[], layer: number, expert: number, line: number): string | undefined {
    if (this.first.length === 0) [this.first, this.line] = [cells, line];
    const other = COMMON.find((name) => this.cell(cells, name) !== this.cell(this.first, name));
    if (other !== undefined)
      return `${other} is another one than in line ${this.line}; expected the same in all rows of a window`;
    let rows = this.layers.get(layer);
    if (rows === undefined) {
      const forecaster = this.cell(cells, "forecaster");
      const [error, lastError] = [this.figure(cells, "layerError"), this.figure(cells, "layerLastError")];
      if (Number.isNaN(error) || Number.isNaN(lastError)) return "layerError and layerLastError: expected numbers from 0";
      rows = { first: cells, layer, forecaster, error, lastError, low: [], high: [], scenarios: this.scenarios.map(() => []) };
      this.layers.set(layer, rows);
    }
    const { first } = rows;
    const unlike = OF_LAYER.find((name) => this.cell(cells, name) !== this.cell(first, name));
    if (unlike !== undefined) return `${unlike} is another one than before in layer ${layer}; expected the same in all its rows`;
    const lists = [
      ...OF_EXPERT.flatMap((name) => {
        const at = this.column.get(name);
        return at === undefined ? [] : [[name, at, rows[name]] as const];
      }),
      ...this.scenarios.map(([name, at], s) => [name, at, rows.scenarios[s]!] as const),
    ];
    for (const [name, at, list] of lists) {
      if (cells[at] !== "") list[expert] = wholeCell(cells[at]!, name, this.file, line);
    }
    return undefined;
  }

  /** The forecast, or what is wrong with it. */
  finish(): LoadForecast | string {
    const [horizon, origins, error, lastError, coverage] = COMMON.slice(1).map((name) => this.figure(this.first, name));
    const method = FORECAST_METHODS.find((name) => name === this.cell(this.first, "forecast"));
    if (method === undefined) return `forecast is none of ${FORECAST_METHODS.join(", ")}; correct the rows`;
    if (horizon === undefined || origins === undefined) return "horizon and origins are empty; expected whole numbers";
    const layers = [...this.layers.values()].toSorted((one, next) => one.layer - next.layer);
    const quantiles = layers.filter(({ low, high }) => low.length > 0 || high.length > 0);
    if (coverage === undefined && quantiles.length > 0)
      return "low and high without coverage; expected the share of loads that lie between them";
    return {
      method,
      horizon,
      origins,
      error,
      lastError,
      layers: layers.map(({ layer, forecaster, error, lastError }) => ({ layer, forecaster, error, lastError })),
      ...(coverage !== undefined && {
        quantiles: { coverage, layers: quantiles.map(({ layer, low, high }) => ({ layer, low, high })) },
      }),
      ...(this.scenarios.length > 0 && {
        scenarios: this.scenarios.map(([name], s) => ({
          name,
          layers: layers.map(({ layer, scenarios }) => ({ layer, loads: scenarios[s]! })),
        })),
      }),
    };
  }

  private cell(cells: readonly string[], name: string): string {
    return cells[this.column.get(name) ?? -1] ?? "";
  }

  /** A number from 0, nothing for an empty cell, NaN for anything else. */
  private figure(cells: readonly string[], name: string): number | undefined {
    const text = this.cell(cells, name);
    if (text === "") return undefined;
    const value = decimalNumber(text);
    return value >= 0 ? value : Number.NaN;
  }
}
