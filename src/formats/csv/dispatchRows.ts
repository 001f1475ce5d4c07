/** Dispatch plans from flat rows; what is written there stands in dispatchPlanText.ts. */
import { InputError, shownName } from "../../errors.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import { columnsOf, type TableReader, wholeCell } from "./tableRows.ts";

/** The ways of all tokens, and how many ranks there are. */
export interface DispatchTable {
  readonly ranks: number;
  readonly layers: readonly { readonly layer: number; readonly entries: number[][] }[];
}

const COLUMNS = ["layer", "expert", "source", "target", "tokens"] as const;

/** Reads dispatch plans of a table, one a window. */
export class DispatchRows implements TableReader<DispatchTable> {
  private readonly file: string;
  private readonly column: Record<(typeof COLUMNS)[number] | "window", number>;
  private readonly seenWindows = new Set<string>();
  private window: string | undefined;
  private ranks = 0;
  private layers: { readonly layer: number; readonly entries: number[][] }[] = [];
  private readonly seenLayers = new Set<number>();
  private readonly seenWays = new Set<string>();

  /** @throws InputError when the header is not that of a dispatch plan */
  constructor(names: readonly string[], file: string) {
    this.file = file;
    this.column = columnsOf(names, "dispatch-plan", COLUMNS, ["window"], file);
  }

  add(cells: readonly string[], line: number): DispatchTable | undefined {
    const window = cells[this.column.window] ?? "";
    const ended = this.window !== undefined && this.window !== window ? this.finish() : undefined;
    if (this.window === undefined && this.seenWindows.has(window))
      throw this.wrong(`window ${shownName(window)} comes again; expected all its rows together`, line);
    this.seenWindows.add(window);
    this.window = window;
    const [layer, expert, source, target, tokens] = COLUMNS.map((name) =>
      wholeCell(cells[this.column[name]]!, name, this.file, line),
    ) as [number, number, number, number, number];
    for (const rank of [source, target]) {
      if (rank >= ID_LIMITS.rank) throw this.wrong(`rank ${rank}; expected a number below ${ID_LIMITS.rank}`, line);
      this.ranks = Math.max(this.ranks, rank + 1);
    }
    const entries = this.entriesOf(layer, line);
    const way = `${expert},${source},${target}`;
    if (this.seenWays.has(way))
      throw this.wrong(`expert ${expert} goes from rank ${source} to ${target} twice in layer ${layer}; remove one row`, line);
    this.seenWays.add(way);
    if (tokens > 0) entries.push([expert, source, target, tokens]);
    return ended;
  }

  finish(): DispatchTable {
    const { ranks, layers } = this;
    this.window = undefined;
    this.ranks = 0;
    this.layers = [];
    this.seenLayers.clear();
    this.seenWays.clear();
    return { ranks, layers };
  }

  private entriesOf(layer: number, line: number): number[][] {
    const current = this.layers.at(-1);
    if (current?.layer === layer) return current.entries;
    if (this.seenLayers.has(layer)) throw this.wrong(`layer ${layer} comes again; expected all its rows together`, line);
    this.seenLayers.add(layer);
    this.seenWays.clear();
    const entries: number[][] = [];
    this.layers.push({ layer, entries });
    return entries;
  }

  private wrong(message: string, line: number): InputError {
    return new InputError(message, { file: this.file, line });
  }
}
