/** Load profiles from one table: the long layout of a routing log, with what stands for several iterations in columns of its own. */

import { LOAD_METHODS, type LoadProfile, type ProfileWindow } from "../../core/profile/loadProfile.ts";
import { LoadProfiler } from "../../core/profile/loadProfiler.ts";
import { InputError, quoteInput, shownName } from "../../errors.ts";
import { checkLoadProfile } from "../documents/loadProfile.ts";
import { StepTable } from "../routing/stepTable.ts";
import { decimalNumber } from "../units.ts";
import { FORECAST_COLUMNS, ForecastRows, isScenario } from "./forecastRows.ts";
import { columnsOf, type TableReader, wholeCell } from "./tableRows.ts";
import { parseWindowCell } from "./windows.ts";

const COLUMNS = ["iteration", "layer", "expert", "tokens"] as const;
/** Columns of a profile that is not of one iteration alone. */
export const WINDOW_COLUMNS = ["from", "iterations", "method", "alpha"] as const;
const METHODS = [...LOAD_METHODS, "forecast"] as const;

/** How to read windows of loads. */
export interface LoadWindowOptions {
  readonly byRank: boolean;
  readonly experts?: number | undefined;
}

/** Whether a table of loads is of profiles: a routing log says nothing of windows. */
export function isOfProfiles(names: readonly string[]): boolean {
  return names.includes("window") || WINDOW_COLUMNS.some((name) => names.includes(name));
}

/** Reads a profile a window; without the column `window` there is one. */
export class LoadWindows implements TableReader<LoadProfile> {
  private readonly file: string;
  private readonly options: LoadWindowOptions;
  private readonly names: readonly string[];
  private readonly column: Record<(typeof COLUMNS | typeof WINDOW_COLUMNS)[number] | "window" | "rank" | "forecast", number>;
  private readonly seen = new Set<string>();
  private table: StepTable | undefined;
  private forecast: ForecastRows | undefined;
  private first: readonly string[] = [];
  private iteration = 0;

  /** @throws InputError when the header is not that of such a table */
  constructor(names: readonly string[], file: string, options: LoadWindowOptions) {
    this.file = file;
    this.names = names;
    this.options = options;
    const others = ["window", "rank", ...WINDOW_COLUMNS, ...FORECAST_COLUMNS, ...new Set(names.filter(isScenario))] as const;
    this.column = columnsOf<(typeof COLUMNS)[number], (typeof others)[number]>(names, "load-profile", COLUMNS, others, file);
    const stray =
      this.column.forecast < 0 && names.find((name) => isScenario(name) || FORECAST_COLUMNS.some((of) => of === name));
    if (stray) {
      throw new InputError(
        `the column ${quoteInput(stray)} says how a forecast was made, and there is no column forecast; expected it, with the method`,
        { file, line: 1 },
      );
    }
    if (options.byRank && this.column.rank < 0) {
      throw new InputError('no column "rank", but loads by rank are asked for; expected it: add it or do without ranks', {
        file,
        line: 1,
      });
    }
  }

  add(cells: readonly string[], line: number): LoadProfile | undefined {
    const { column, file } = this;
    const window = cells[column.window] ?? "";
    const ended = this.table !== undefined && window !== this.cell("window") ? this.finish(line - 1) : undefined;
    const whole = (name: (typeof COLUMNS)[number] | "rank") => wholeCell(cells[column[name]]!, name, file, line);
    const iteration = whole("iteration");
    if (this.table === undefined) {
      if (this.seen.has(window))
        throw this.wrong(`window ${shownName(window)} comes again; expected all its rows together`, line);
      this.seen.add(window);
      this.first = cells;
      this.iteration = iteration;
      this.windowIn(line);
      this.table = new StepTable(column, this.options.experts, this.options.byRank);
      this.forecast = column.forecast < 0 ? undefined : new ForecastRows(this.names, file);
    } else if (iteration !== this.iteration) {
      throw this.wrong(
        `iteration ${iteration} after ${this.iteration}${window === "" ? "" : ` in window ${shownName(window)}`}; expected one: the loads of a window stand for all its iterations`,
        line,
      );
    }
    const odd = WINDOW_COLUMNS.find((name) => column[name] >= 0 && cells[column[name]] !== this.cell(name));
    if (odd !== undefined)
      throw this.wrong(
        `${odd} is ${quoteInput(cells[column[odd]]!)} after ${quoteInput(this.cell(odd))}; expected the same in all rows of a window`,
        line,
      );
    const [layer, expert] = [whole("layer"), whole("expert")];
    const refusal =
      this.table.put(layer, column.rank < 0 ? 0 : whole("rank"), expert, whole("tokens")) ??
      this.forecast?.add(cells, layer, expert, line);
    if (refusal !== undefined) throw this.wrong(refusal, line);
    return ended;
  }

  finish(line: number): LoadProfile {
    const step = this.table!.takeStep(this.iteration);
    if (typeof step === "string") throw this.wrong(step, line);
    this.table = undefined;
    const profiler = new LoadProfiler({ window: { kind: "all" }, method: { kind: "mean" } });
    profiler.add(step);
    const profile = { ...profiler.finish()[0]!, window: this.windowIn(line) };
    if (this.forecast === undefined) return profile;
    const forecast = this.forecast.finish();
    if (typeof forecast === "string") throw this.wrong(forecast, line);
    checkLoadProfile(JSON.parse(JSON.stringify({ type: "load-profile", version: 1, ...profile, forecast })), this.file);
    return { ...profile, forecast };
  }

  /** The window that the first of its rows names. */
  private windowIn(line: number): ProfileWindow {
    const { column, file } = this;
    const several = column.window >= 0;
    const whole = (name: "from" | "iterations", otherwise: number) =>
      column[name] < 0 ? otherwise : wholeCell(this.cell(name), name, file, line);
    const { from, to } = several
      ? parseWindowCell(this.cell("window"), file, line)
      : { from: whole("from", this.iteration), to: this.iteration };
    const iterations = whole("iterations", 1);
    if (from > to || iterations === 0)
      throw this.wrong(
        `from ${from} with iterations ${iterations}; expected at most ${to}, the last iteration, and at least 1`,
        line,
      );
    const named = column.method < 0 ? "mean" : this.cell("method");
    const method = METHODS.find((known) => known === named);
    if (method === undefined) throw this.wrong(`method is ${quoteInput(named)}; expected ${METHODS.join(" or ")}`, line);
    const alpha = this.cell("alpha") === "" ? undefined : decimalNumber(this.cell("alpha"));
    if (alpha !== undefined && !(alpha > 0 && alpha <= 1))
      throw this.wrong(`alpha is ${quoteInput(this.cell("alpha"))}; expected a number above 0, at most 1`, line);
    return {
      from,
      to,
      iterations,
      method,
      ...(alpha !== undefined && { alpha }),
      ...(several && { ofSeveral: true }),
    };
  }

  private cell(name: keyof typeof this.column): string {
    return this.first[this.column[name]] ?? "";
  }

  private wrong(message: string, line: number): InputError {
    return new InputError(message, { file: this.file, line });
  }
}
