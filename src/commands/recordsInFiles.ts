/** Routing records that other systems write as folders, or as files that are not read from front to back. */
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { InputError, UsageError } from "../errors.ts";
import { checkRouterRecord, megatronSteps, rankOfTrace } from "../formats/routingSources/megatron.ts";
import { CONFIG_FILE, mindieSteps, phaseAndRank } from "../formats/routingSources/mindie.ts";
import { type ColumnNames, parquetSteps } from "../formats/routingSources/parquet.ts";
import type { SourceOptions } from "../formats/routingSources/source.ts";
import { META_FILE, rankOfStatistics, trtllmSteps } from "../formats/routingSources/trtllm.ts";
import { openRegions } from "../io/fileRegions.ts";
import { filesIn, inFolder } from "../io/folder.ts";
import { type InputExtent, isStandardStream, openFile, readText, textPieces } from "../io/input.ts";
import { mergeRecords } from "./mergeRecords.ts";
import { megabytes, startProgress } from "./progress.ts";
import { documentsOf } from "./readDocuments.ts";
import { dumpFolderSteps, isDumpName } from "./recordsInArrays.ts";
import { warn } from "./warn.ts";

/** Kinds of records that are folders. */
export type FolderSource = "trtllm" | "mindie" | "megatron" | "torch";

/** Steps of a Parquet file. @throws InputError; UsageError for a pipe */
export async function* parquetFileSteps(
  file: string | undefined,
  columns: ColumnNames,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  if (isStandardStream(file))
    throw new UsageError("Parquet has its index at the end, so that it cannot come from a pipe; save it and name the file");
  const source = await openRegions(file as string);
  const progress = await startProgress(`reading ${file}`, undefined, (rows) => `${rows} rows`);
  try {
    yield* parquetSteps(source, columns, { ...options, progress: progress.update });
  } finally {
    progress.stop();
    await source.close();
  }
}

/** The kind of records in a folder. @throws InputError when it is none */
export function folderSource(folder: string): FolderSource {
  const names = filesIn(folder);
  if (names.some((name) => rankOfTrace(name) !== undefined)) return "megatron";
  if (names.includes(META_FILE) || names.some((name) => rankOfStatistics(name) !== undefined)) return "trtllm";
  if (names.some((name) => phaseAndRank(name) !== undefined)) return "mindie";
  if (names.some(isDumpName)) return "torch";
  throw new InputError(
    "this folder holds no routing records; expected TensorRT-LLM's (meta_info.json, rank*.safetensors), MindIE's (decode_*.csv), Megatron-Core's (router_trace_rank*.jsonl) or SGLang's (expert_distribution_recorder_*.pt)",
    { file: folder },
  );
}

/** Steps of a folder of records. @throws InputError */
export function folderSteps(source: FolderSource, folder: string, options: SourceOptions): AsyncGenerator<RoutingStep> {
  if (source === "megatron") return megatronFolderSteps(folder, options);
  if (source === "torch") return dumpFolderSteps(folder, options);
  return source === "trtllm" ? trtllmFolderSteps(folder, options) : mindieFolderSteps(folder, options);
}

/** The ranks' files side by side, so that only a step is held in memory. */
async function* megatronFolderSteps(folder: string, options: SourceOptions): AsyncGenerator<RoutingStep> {
  const names = filesIn(folder).filter((name) => rankOfTrace(name) !== undefined);
  const inputs = names.map((name) => openFile(inFolder(folder, name)));
  const bytes = (count: (extent: InputExtent) => number) => inputs.reduce((sum, { extent }) => sum + count(extent), 0);
  const progress = await startProgress(
    `reading ${folder}`,
    bytes(({ bytes: all }) => all ?? 0),
    megabytes,
  );
  try {
    const records = mergeRecords(
      inputs.map((input) => documentsOf(input, checkRouterRecord)),
      ({ step }) => step,
    );
    for await (const step of megatronSteps(records, options)) {
      progress.update(bytes(({ bytesRead }) => bytesRead));
      yield step;
    }
  } finally {
    progress.stop();
  }
}

async function* trtllmFolderSteps(folder: string, options: SourceOptions): AsyncGenerator<RoutingStep> {
  const names = filesIn(folder);
  const meta = await readText(openFile(inFolder(folder, META_FILE)));
  const sources = [];
  const progress = await startProgress(`reading ${folder}`, undefined, (iterations) => `${iterations} iterations`);
  try {
    for (const name of names) {
      const rank = rankOfStatistics(name);
      if (rank !== undefined) sources.push({ rank, source: await openRegions(inFolder(folder, name)) });
    }
    yield* trtllmSteps(meta, sources, { ...options, progress: progress.update });
  } finally {
    progress.stop();
    for (const { source } of sources) await source.close();
  }
}

async function* mindieFolderSteps(folder: string, options: SourceOptions): AsyncGenerator<RoutingStep> {
  const names = filesIn(folder);
  const files = names.flatMap((name) => {
    const found = phaseAndRank(name);
    return found === undefined ? [] : [{ name, ...found }];
  });
  if (new Set(files.map(({ phase }) => phase)).size > 1) {
    throw new InputError(
      "the folder has decode and prefill counts; keep them apart, as MindIE writes them, and name one folder",
      { file: folder },
    );
  }
  const config = names.includes(CONFIG_FILE) ? await readText(openFile(inFolder(folder, CONFIG_FILE))) : undefined;
  const ranks = files.map(({ name, rank }) => {
    const path = inFolder(folder, name);
    const input = openFile(path);
    return { name: path, rank, text: textPieces(input), extent: input.extent };
  });
  const bytes = (count: (extent: InputExtent) => number) => ranks.reduce((sum, { extent }) => sum + count(extent), 0);
  const progress = await startProgress(
    `reading ${folder}`,
    bytes(({ bytes: all }) => all ?? 0),
    megabytes,
  );
  try {
    for await (const step of mindieSteps(config, ranks, options, (message) => warn(`${folder}: ${message}`))) {
      progress.update(bytes(({ bytesRead }) => bytesRead));
      yield step;
    }
  } finally {
    progress.stop();
  }
}
