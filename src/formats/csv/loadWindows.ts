/** Load profiles of several windows from one table: the long layout of a routing log behind a column `window`. */

import type { LoadProfile } from "../../core/profile/loadProfile.ts";
import { LoadProfiler } from "../../core/profile/loadProfiler.ts";
import { InputError, shownName } from "../../errors.ts";
import { StepTable } from "../routing/stepTable.ts";
import { columnsOf, type TableReader, wholeCell } from "./tableRows.ts";
import { parseWindowCell } from "./windows.ts";

const COLUMNS = ["iteration", "layer", "expert", "tokens"] as const;

/** How to read windows of loads. */
export interface LoadWindowOptions {
  readonly byRank: boolean;
  readonly experts?: number | undefined;
}

/** Reads a profile a window. How many iterations a window has, and how they became one load, the table does not say. */
export class LoadWindows implements TableReader<LoadProfile> {
  private readonly file: string;
  private readonly options: LoadWindowOptions;
  private readonly column: Record<(typeof COLUMNS)[number] | "window" | "rank", number>;
  private readonly seen = new Set<string>();
  private table: StepTable | undefined;
  private window = "";
  private iteration = 0;

  /** @throws InputError when the header is not that of such a table */
  constructor(names: readonly string[], file: string, options: LoadWindowOptions) {
    this.file = file;
    this.options = options;
    this.column = columnsOf(names, "load-profile", COLUMNS, ["window", "rank"], file);
    if (options.byRank && this.column.rank < 0) {
      throw new InputError('no column "rank", but loads by rank are asked for; expected it: add it or do without ranks', {
        file,
        line: 1,
      });
    }
  }

  add(cells: readonly string[], line: number): LoadProfile | undefined {
    const { column, file } = this;
    const window = cells[column.window]!;
    const ended = this.table !== undefined && window !== this.window ? this.finish(line - 1) : undefined;
    const whole = (name: (typeof COLUMNS)[number] | "rank") => wholeCell(cells[column[name]]!, name, file, line);
    const iteration = whole("iteration");
    if (this.table === undefined) {
      if (this.seen.has(window))
        throw this.wrong(`window ${shownName(window)} comes again; expected all its rows together`, line);
      parseWindowCell(window, file, line);
      this.seen.add(window);
      this.window = window;
      this.iteration = iteration;
      this.table = new StepTable(column, this.options.experts, this.options.byRank);
    } else if (iteration !== this.iteration) {
      throw this.wrong(
        `iteration ${iteration} after ${this.iteration} in window ${shownName(window)}; expected one: the loads of a window stand for all its iterations`,
        line,
      );
    }
    const refusal = this.table.put(whole("layer"), column.rank < 0 ? 0 : whole("rank"), whole("expert"), whole("tokens"));
    if (refusal !== undefined) throw this.wrong(refusal, line);
    return ended;
  }

  finish(line: number): LoadProfile {
    const step = this.table!.takeStep(this.iteration);
    if (typeof step === "string") throw this.wrong(step, line);
    this.table = undefined;
    const profiler = new LoadProfiler({ window: { kind: "all" }, method: { kind: "mean" } });
    profiler.add(step);
    const { from, to } = parseWindowCell(this.window, this.file, line);
    return { ...profiler.finish()[0]!, window: { from, to, iterations: 1, method: "mean", ofSeveral: true } };
  }

  private wrong(message: string, line: number): InputError {
    return new InputError(message, { file: this.file, line });
  }
}
