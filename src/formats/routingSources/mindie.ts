/**
 * Expert hot spots of MindIE (MINDIE_EXPERT_HOTPOT_DUMP_PATH): a folder with a decode_{rank}.csv, or prefill_{rank}.csv, of
 * every rank and model_gen_config.json. A file holds snapshots one below the other, each a row for every MoE layer with the
 * tokens that every slot of the rank has received so far; a step is what was added since the snapshot before.
 */
import * as z from "zod/mini";
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { parseJson } from "../parseJson.ts";
import { splitCsvLine, wholeNumber } from "../routing/csvLine.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import { linesOf } from "./lines.ts";
import { logicalExperts, type PhysicalToLogical, type SourceOptions, saidAboutIds } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

const configSchema = z.object({ num_moe_layers: z.int().check(z.positive(), z.maximum(ID_LIMITS.layer)) });

/** Name of the file that says how many MoE layers there are. */
export const CONFIG_FILE = "model_gen_config.json";

/** Phase and rank of a counts file by its name; nothing for other files. */
export function phaseAndRank(name: string): { phase: "decode" | "prefill"; rank: number } | undefined {
  const match = /^(decode|prefill)_(\d{1,7})\.csv$/.exec(name);
  return match === null ? undefined : { phase: match[1] as "decode" | "prefill", rank: Number(match[2]) };
}

/** One rank's file. */
export interface MindieFile {
  readonly name: string;
  readonly rank: number;
  readonly text: AsyncIterable<string>;
}

/**
 * Steps of a folder, numbered from 0.
 * @param config text of model_gen_config.json, where there is one
 * @param files of one phase, one a rank
 * @param notice is told what is left out
 * @throws InputError
 */
export async function* mindieSteps(
  config: string | undefined,
  files: readonly MindieFile[],
  options: SourceOptions,
  notice: (message: string) => void,
): AsyncGenerator<RoutingStep> {
  const { file, byRank } = options;
  if (byRank) throw new InputError("these counts are by receiving rank, but loads by source rank are asked for", { file });
  const ids = saidAboutIds(options, "MindIE counts the tokens of physical slots");
  const layers = moeLayers(config, ids, file);
  const ranks = files.toSorted((a, b) => a.rank - b.rank);
  const gap = ranks.findIndex(({ rank }, index) => rank !== index);
  if (gap >= 0)
    throw new InputError(`the file of rank ${gap} is missing or there twice; expected one for every rank from 0`, { file });
  const readers = ranks.map((rank) => new SnapshotReader(rank, layers));
  const counts = new StepCounts(options);
  let before: number[][] | undefined;
  for (let iteration = 0; ; iteration++) {
    const snapshots: number[][][] = [];
    for (const reader of readers) {
      const snapshot = await reader.next();
      if (snapshot !== undefined) snapshots.push(snapshot);
    }
    if (snapshots.length < readers.length) {
      if (snapshots.length > 0 || readers.some((reader) => reader.cutShort))
        notice("the last snapshot is not there for every rank and is left out");
      if (iteration === 0) throw new InputError(`there is no whole snapshot of ${layers} layers`, { file });
      return;
    }
    const now = Array.from({ length: layers }, (_, layer) => snapshots.flatMap((rows) => rows[layer] as number[]));
    for (const [layer, received] of now.entries()) {
      counts.open(layer);
      const experts = logicalExperts(ids, layer, received.length, file);
      received.forEach((tokens, slot) => {
        const added = tokens - (before?.[layer]?.[slot] ?? 0);
        if (added < 0) {
          throw new InputError(
            `the count of slot ${slot} in layer ${layer} falls in snapshot ${iteration}; the server was started anew: keep one run's rows`,
            {
              file,
            },
          );
        }
        counts.add(layer, 0, experts?.[slot] ?? slot, added);
      });
    }
    before = now;
    yield counts.take(iteration);
  }
}

function moeLayers(config: string | undefined, ids: PhysicalToLogical, file: string): number {
  if (config === undefined) {
    if (ids !== "identity") return ids.rows.length;
    throw new InputError(`${CONFIG_FILE}, which says how many MoE layers there are, is missing; add it: {"num_moe_layers":58}`, {
      file,
    });
  }
  const about = z.safeParse(configSchema, parseJson(config, `${file}/${CONFIG_FILE}`));
  if (!about.success)
    throw new InputError(`expected num_moe_layers, a whole number from 1 to ${ID_LIMITS.layer}`, {
      file: `${file}/${CONFIG_FILE}`,
    });
  return about.data.num_moe_layers;
}

/** Snapshots of one rank, [layers][slots]. */
class SnapshotReader {
  /** Whether the file ended in the middle of a snapshot. */
  cutShort = false;
  private readonly name: string;
  private readonly layers: number;
  private readonly lines: AsyncGenerator<string>;
  private line = 0;
  private slots: number | undefined;

  constructor({ name, text }: MindieFile, layers: number) {
    this.name = name;
    this.layers = layers;
    this.lines = linesOf(text);
  }

  async next(): Promise<number[][] | undefined> {
    const rows: number[][] = [];
    while (rows.length < this.layers) {
      const { value, done } = await this.lines.next();
      if (done) {
        this.cutShort = rows.length > 0;
        return undefined;
      }
      const at = { file: this.name, line: ++this.line };
      if (value === "") continue;
      const row = splitCsvLine(value, at).map((cell) => wholeNumber(cell, "the count", at));
      this.slots ??= row.length;
      if (row.length !== this.slots)
        throw new InputError(`row of ${row.length} counts; expected ${this.slots} as in the first row: correct it`, at);
      rows.push(row);
    }
    return rows;
  }
}
