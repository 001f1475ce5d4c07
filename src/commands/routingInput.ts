/** Routing logs of any layout: what they are, and how to open them. */
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { InputError, UsageError } from "../errors.ts";
import { csvKind, headerNames, wrongKind } from "../formats/csv/documentKind.ts";
import { isOfProfiles, type LoadWindowOptions, LoadWindows } from "../formats/csv/loadWindows.ts";
import { tableDocuments } from "../formats/csv/tableRows.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { readRoutingSteps } from "../formats/routing/readRoutingSteps.ts";
import type { RoutingFormat } from "../formats/routing/stepReader.ts";
import { type ColumnNames, parquetColumns } from "../formats/routingSources/parquet.ts";
import { type RoutingSource, routingSources, type SourceOptions } from "../formats/routingSources/source.ts";
import { parseCount } from "../formats/units.ts";
import { isFolder } from "../io/folder.ts";
import { type Beginning, closeInput, type Input, openInput, peek, textPieces } from "../io/input.ts";
import { firstLine } from "./firstLine.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { megabytes, startProgress } from "./progress.ts";
import { documentsOf } from "./readDocuments.ts";
import { readForeignPlan } from "./readForeignPlan.ts";
import { arrayFileSteps, isArrayFile } from "./recordsInArrays.ts";
import { folderSource, folderSteps, parquetFileSteps } from "./recordsInFiles.ts";
import { checkRecord, isJsonSource, jsonSourceOf, jsonSteps } from "./recordsInJson.ts";
import { warn } from "./warn.ts";

/** Options of commands that read routing logs. */
export const routingInputOptions = {
  "input-format": choice({
    choices: ["wide", "long", "tokens", "matrix", "load-profile", ...routingSources],
    says: "Layout of the input; without it the header, the shape of the JSON or the files in the folder tell. Records of other systems: megatron (router trace: JSON lines, or a folder with a file a rank), sglang (logical_count in JSON), torch (.pt: SGLang's dumps or a folder of them, or tensors of loads), numpy (.npy, .npz), mindspeed (JSON by layer and expert), trtllm (folder of expert statistics), mindie (folder with decode_0.csv, ...), parquet (top-k ids).",
  }),
  "physical-to-logical": option({
    argument: "PLAN|identity",
    parse: (text) => text,
    says: "Which logical expert every physical slot holds, for records that count slots: a plan of SGLang, vllm-ascend, MindIE, TensorRT-LLM or vLLM, or identity when slot s holds expert s. Needed for trtllm, mindie and SGLang's global_physical_count: it is never guessed.",
  }),
  columns: option({
    argument: "NAME=COLUMN,...",
    parse: parseColumns,
    says: "Columns of a Parquet file that are not called iteration (or step), layer, rank, experts (or topk_ids, top_indices, expert), such as layer=moe_layer,experts=ids.",
  }),
  experts: option({
    argument: "N",
    parse: parseCount(1, 65_536),
    says: "Experts of a layer, for records that list only those with tokens (long and tokens CSV, megatron, mindspeed, parquet); others are checked against it.",
  }),
};

/** What the options say about a routing log. */
export function routingInputSettings(options: OptionValues<typeof routingInputOptions>): Omit<RoutingInputOptions, "byRank"> {
  const { "input-format": format, "physical-to-logical": physicalToLogical, columns, experts } = options;
  return { format, physicalToLogical, columns, experts };
}

/** How to open a routing log. */
export interface RoutingInputOptions {
  readonly format?: RoutingFormat | "load-profile" | RoutingSource | undefined;
  readonly byRank: boolean;
  /** The file, where it is open already. */
  readonly input?: Input | undefined;
  /** File of a plan, or `identity`. */
  readonly physicalToLogical?: string | undefined;
  readonly columns?: ColumnNames | undefined;
  /** Experts of a layer, for logs that do not list all of them. */
  readonly experts?: number | undefined;
  /** Whether the order of iterations matters to what is asked. */
  readonly ordered?: boolean | undefined;
}

/** The steps of a log, or profiles that were made before. */
export type RoutingInput =
  | { readonly name: string; readonly steps: AsyncIterable<RoutingStep> }
  | { readonly name: string; readonly profiles: AsyncIterable<LoadProfile> };

const OPENING_BRACE = 0x7b;

/**
 * Opens a routing log, routing records of another system, or load-profiles. Iterations without any token are padding, such as
 * the rest of a recorder's buffer, and are left out with a word.
 * @throws InputError, UsageError
 */
export async function openRoutingInput(file: string | undefined, options: RoutingInputOptions): Promise<RoutingInput> {
  const found = await opened(file, options);
  return "steps" in found ? { name: found.name, steps: withTokens(found.steps, found.name) } : found;
}

async function* withTokens(steps: AsyncIterable<RoutingStep>, name: string): AsyncGenerator<RoutingStep> {
  let padding = 0;
  let kept = 0;
  for await (const step of steps) {
    if (step.layers.some(({ loads }) => loads.some((load) => load > 0))) {
      kept++;
      yield step;
    } else padding++;
  }
  if (padding === 0) return;
  if (kept === 0) throw new InputError("no token goes to any expert; expected records with tokens", { file: name });
  warn(`${name}: ${padding} iteration${padding === 1 ? "" : "s"} without tokens (padding) left out, ${kept} kept`);
}

async function opened(file: string | undefined, options: RoutingInputOptions): Promise<RoutingInput> {
  const { format, byRank, physicalToLogical: plan, columns, experts, ordered } = options;
  const source: SourceOptions = {
    file: file ?? "standard input",
    byRank,
    physicalToLogical: plan === undefined ? undefined : plan === "identity" ? "identity" : await readForeignPlan(plan),
    experts,
    ordered,
    notice: (message) => warn(`${file ?? "standard input"}: ${message}`),
  };
  const folder =
    format === "trtllm" || format === "mindie"
      ? format
      : isFolder(file)
        ? format === "megatron" || format === "torch"
          ? format
          : folderSource(file)
        : undefined;
  if (folder !== undefined) {
    if (!isFolder(file)) throw new UsageError(`--input-format ${folder} reads a folder; name it`);
    return { name: file, steps: folderSteps(folder, file, source) };
  }
  const parquet = () => {
    return { name: source.file, steps: parquetFileSteps(file, columns ?? {}, source) };
  };
  if (format === "parquet") return parquet();
  const beginning = await peek(options.input ?? openInput(file));
  if (format === undefined && isParquet(beginning)) {
    await closeInput(beginning.input);
    return parquet();
  }
  if (columns !== undefined) throw new UsageError("--columns names columns of Parquet files, and this is none");
  if (format === "numpy" || format === "torch" || (format === undefined && isArrayFile(beginning)))
    return { name: source.file, steps: arrayFileSteps(file, beginning, source) };
  if (beginning.byte === undefined) {
    throw new InputError("there is nothing in it; expected a routing log, records of another system or a load-profile", {
      file: beginning.input.name,
    });
  }
  const input = await followed(beginning.input);
  if (format === "load-profile" || isJsonSource(format) || (format === undefined && beginning.byte === OPENING_BRACE)) {
    return openJson(input, format, source);
  }
  if (plan !== undefined)
    throw new UsageError("--physical-to-logical is for records that count slots; routing logs list experts");
  const windows = await loadWindows(input, { byRank, experts });
  if ("profiles" in windows) return windows;
  return {
    name: input.name,
    steps: readRoutingSteps(windows.chunks, {
      file: input.name,
      format: format as RoutingFormat | undefined,
      byRank,
      experts,
      notice: source.notice,
    }),
  };
}

/** Load-profiles in CSV; otherwise the input, still whole. @throws InputError for other tables of ours */
async function loadWindows(
  input: Input,
  options: LoadWindowOptions,
): Promise<{ readonly name: string; readonly profiles: AsyncIterable<LoadProfile> } | Input> {
  const { line, input: whole } = await firstLine(input);
  const names = headerNames(line);
  const kind = csvKind(names);
  if (kind !== undefined && kind !== "load-profile") throw wrongKind(kind, "load-profile", input.name);
  if (kind === undefined || !isOfProfiles(names)) return whole;
  return {
    name: input.name,
    profiles: tableDocuments(textPieces(whole), input.name, (header, file) => new LoadWindows(header, file, options)),
  };
}

/** The first document tells what they are; all have to be of that kind. */
async function openJson(input: Input, format: RoutingInputOptions["format"], source: SourceOptions): Promise<RoutingInput> {
  let kind: string | undefined = format;
  const documents = documentsOf<unknown>(input, (value, name) => {
    kind ??= jsonSourceOf(value);
    if (kind === undefined && (typeof value !== "object" || value === null || !("type" in value))) throw unknownJson(name);
    kind ??= "load-profile";
    if (isJsonSource(kind)) return checkRecord(kind, value, name);
    const profile = checkLoadProfile(value, name);
    if (source.experts !== undefined)
      throw new UsageError("--experts is for logs that list only experts with tokens; these records name all experts");
    return profile;
  });
  const first = await documents.next();
  const all = (async function* () {
    yield first.value;
    yield* documents;
  })();
  return isJsonSource(kind)
    ? { name: input.name, steps: jsonSteps(kind, all, { ...source, file: input.name }) }
    : { name: input.name, profiles: all as AsyncGenerator<LoadProfile> };
}

function unknownJson(file: string): InputError {
  return new InputError(
    'this JSON is none that profile-load knows; expected a load-profile, [layers][experts], SGLang\'s {"logical_count":[[...]]}, Megatron-Core\'s {"step","layer","rank","top_indices"} or MindSpeed\'s {"0":{"0":412}}',
    { file },
  );
}

function isParquet({ head }: Beginning): boolean {
  return Buffer.from(head).toString("latin1") === "PAR1";
}

/** The input, with a bar that shows how much of it is read when that takes its time. */
async function followed(input: Input): Promise<Input> {
  const { extent } = input;
  const progress = await startProgress(`reading ${input.name}`, extent.bytes, megabytes);
  const chunks = (async function* () {
    try {
      for await (const chunk of input.chunks) {
        yield chunk;
        progress.update(extent.bytesRead);
      }
    } finally {
      progress.stop();
    }
  })();
  return { ...input, chunks };
}

function parseColumns(text: string): ColumnNames {
  const names: Record<string, string> = {};
  for (const part of text.split(",")) {
    const [, name = "", column] = /^(\w+)=(.+)$/.exec(part.trim()) ?? [];
    if (column === undefined || !parquetColumns.some((known) => known === name) || Object.hasOwn(names, name)) {
      throw new Error(`expected NAME=COLUMN between commas, NAME one of ${parquetColumns.join(", ")}, each once`);
    }
    names[name] = column;
  }
  return names;
}
