/** Loads in files of NumPy and PyTorch, and dumps of SGLang's recorder. */
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { InputError } from "../errors.ts";
import { arraySteps } from "../formats/routingSources/arrays/arraySteps.ts";
import { isNpy, npyArray, npzArray } from "../formats/routingSources/arrays/npy.ts";
import { MOST_ARRAY_BYTES, type NumberArray } from "../formats/routingSources/arrays/numberArray.ts";
import { isTorchArchive, type TorchFile, torchFile } from "../formats/routingSources/arrays/torchFile.ts";
import { dumpedCounts, isRecorderDump, tensorsIn } from "../formats/routingSources/arrays/torchRecords.ts";
import { isZip, zipMembers } from "../formats/routingSources/arrays/zipArchive.ts";
import type { ByteSource } from "../formats/routingSources/byteSource.ts";
import { type RecordedCounts, sglangSteps } from "../formats/routingSources/sglang.ts";
import type { SourceOptions } from "../formats/routingSources/source.ts";
import { openRegions } from "../io/fileRegions.ts";
import { filesIn, inFolder } from "../io/folder.ts";
import { type Beginning, closeInput, type Input, isStandardStream } from "../io/input.ts";
import { mergeRecords } from "./mergeRecords.ts";
import { startProgress } from "./progress.ts";

/** First byte of a pickle, which old versions of PyTorch wrote bare. */
const PICKLE = 0x80;

/** Whether a file begins as one of NumPy or PyTorch. */
export function isArrayFile({ head }: Beginning): boolean {
  return isNpy(head) || isZip(head) || head[0] === PICKLE;
}

/** Whether a file in a folder is a dump of SGLang's recorder, by its name. */
export function isDumpName(name: string): boolean {
  return /^expert_distribution_recorder_.*\.pt$/.test(name);
}

/** Steps of an .npy, .npz or .pt file or pipe. @throws InputError */
export async function* arrayFileSteps(
  file: string | undefined,
  beginning: Beginning,
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  if (beginning.head[0] === PICKLE) {
    throw new InputError(
      "this is a bare pickle, as PyTorch before 1.6 wrote it; save it anew: torch.save(torch.load(FILE), FILE)",
      { file: options.file },
    );
  }
  const { source, close } = await sourceOf(file, beginning);
  try {
    yield* followed(await stepsIn(source, isZip(beginning.head), options), options.file);
  } finally {
    await close();
  }
}

/** Steps of a folder with dumps of SGLang's recorder, the ranks' side by side. @throws InputError */
export async function* dumpFolderSteps(folder: string, options: SourceOptions): AsyncGenerator<RoutingStep> {
  const files = [];
  try {
    for (const name of filesIn(folder).filter(isDumpName)) files.push(await openRegions(inFolder(folder, name)));
    const dumps: AsyncGenerator<RecordedCounts>[] = [];
    for (const source of files) dumps.push(dumpedCounts(await torchFile(source, await zipMembers(source))));
    const records = mergeRecords(dumps, ({ pass }) => pass ?? 0);
    yield* followed(sglangSteps(records, options), folder);
  } finally {
    for (const source of files) await source.close();
  }
}

async function stepsIn(source: ByteSource, zip: boolean, options: SourceOptions): Promise<AsyncGenerator<RoutingStep>> {
  if (!zip) return arraySteps(alone(await npyArray(source, "the array")), options);
  const members = await zipMembers(source);
  if (isTorchArchive(members)) return torchSteps(await torchFile(source, members), options);
  if ([...members.keys()].some((name) => name.endsWith(".npy")))
    return arraySteps(alone(await npzArray(source, members)), options);
  throw new InputError("this zip archive is none of numpy.savez or torch.save; unpack it and name what is in it", {
    file: source.name,
  });
}

async function* torchSteps(file: TorchFile, options: SourceOptions): AsyncGenerator<RoutingStep> {
  if (!isRecorderDump(file)) yield* arraySteps(tensorsIn(file), options);
  else {
    yield* sglangSteps(dumpedCounts(file), options);
    const rank = /_(\d+)\.pt$/.exec(file.name)?.[1];
    if (rank !== undefined)
      options.notice?.(`these are the records of rank ${rank} alone; name the folder for those of all ranks`);
  }
}

async function* alone(array: NumberArray): AsyncGenerator<NumberArray> {
  yield array;
}

async function* followed(steps: AsyncGenerator<RoutingStep>, name: string): AsyncGenerator<RoutingStep> {
  const progress = await startProgress(`reading ${name}`, undefined, (read) => `${read} iterations`);
  let read = 0;
  try {
    for await (const step of steps) {
      progress.update(++read);
      yield step;
    }
  } finally {
    progress.stop();
  }
}

/** A file of which parts are read where they are needed; what is packed or comes from a pipe is held in memory. */
async function sourceOf(
  file: string | undefined,
  { head, input }: Beginning,
): Promise<{ source: ByteSource; close: () => Promise<void> }> {
  if (!isStandardStream(file) && input.extent.bytes !== undefined) {
    const source = await openRegions(file as string);
    const first = Buffer.from(await source.slice(0, Math.min(head.length, source.byteLength)));
    if (first.equals(head)) {
      await closeInput(input);
      return { source, close: source.close };
    }
    await source.close();
  }
  return { source: await held(input), close: async () => {} };
}

async function held({ name, chunks }: Input): Promise<ByteSource> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of chunks) {
    length += piece.length;
    if (length > MOST_ARRAY_BYTES) {
      throw new InputError(
        `more than ${MOST_ARRAY_BYTES >> 20} MiB, packed or from a pipe; expected less: save the file unpacked and name it`,
        { file: name },
      );
    }
    pieces.push(piece.slice());
  }
  const bytes = Buffer.concat(pieces);
  return { name, byteLength: length, slice: async (start, end = length) => new Uint8Array(bytes.subarray(start, end)).buffer };
}
