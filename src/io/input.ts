/** Where documents come from: a file or standard input, packed by gzip or not. */
import { createReadStream, fstatSync, statSync } from "node:fs";
import { InputError } from "../errors.ts";
import { ioError } from "./ioError.ts";
import { requireFile } from "./regularFile.ts";

/** One input, read once. */
export interface Input {
  /** What messages call it. */
  readonly name: string;
  /** Its bytes, unpacked. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How far reading has come. */
  readonly extent: InputExtent;
}

/** Bytes of a file as it lies there, packed or not. */
export interface InputExtent {
  /** Read so far. */
  bytesRead: number;
  /** All of them, where that is known. */
  readonly bytes: number | undefined;
}

const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
const CHUNK_BYTES = 1 << 20;
/** Strings of the engine end a little above this. */
const MAX_TEXT_LENGTH = 500_000_000;
/** Gzip of a log packs a hundredfold at best; a trap a thousandfold. Up to some size that does no harm. */
const MOST_EXPANSION = 200;
const UNPACKED_FREELY = 32 << 20;
/** White space before the first byte that says something; who writes more means nothing by it. */
const MOST_LEADING_BYTES = 1 << 20;

/** Whether reading this file would wait for somebody to type. */
export function waitsForTyping(file: string | undefined): boolean {
  return isStandardStream(file) && process.stdin.isTTY === true;
}

/** Whether a file argument means a standard stream. */
export function isStandardStream(file: string | undefined): boolean {
  return file === undefined || file === "-";
}

/** Opens a file of a folder, which cannot be a pipe. @throws IoError */
export function openFile(file: string): Input {
  requireFile(file);
  return openInput(file);
}

/**
 * Opens a file or pipe, or standard input for `-` and nothing.
 * @param seen is given all bytes as they lie there, packed or not
 */
export function openInput(file: string | undefined, seen?: (bytes: Uint8Array) => void): Input {
  const name = isStandardStream(file) ? "standard input" : (file as string);
  // Opened when it is read: an error of a file that nobody reads would end the program.
  const open = () => (isStandardStream(file) ? process.stdin : createReadStream(file as string, { highWaterMark: CHUNK_BYTES }));
  const extent = { bytesRead: 0, bytes: fileBytes(file) };
  return { name, chunks: unpacked(readable(open, name, extent, seen), name), extent };
}

function expanding(name: string): InputError {
  return new InputError(
    `the gzip data unpacks to more than ${MOST_EXPANSION} times its size, as only a trap does; if it is none, unpack it first: gunzip`,
    { file: name },
  );
}

/** How an input begins. */
export interface Beginning {
  /** The first byte that is not white space; nothing when there is none, or only far behind. */
  readonly byte: number | undefined;
  /** The first bytes: at least four, unless the input is shorter. */
  readonly head: Uint8Array;
  /** The input, still whole. */
  readonly input: Input;
}

/** Looks at how an input begins. */
export async function peek({ name, chunks, extent }: Input): Promise<Beginning> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let byte: number | undefined;
  let length = 0;
  while (length < 4 || (byte === undefined && length < MOST_LEADING_BYTES)) {
    const next = await iterator.next();
    if (next.done) break;
    seen.push(next.value);
    length += next.value.length;
    byte ??= next.value.find((value) => !WHITE_SPACE.has(value));
  }
  return { byte, head: Buffer.concat(seen).subarray(0, 4), input: { name, chunks: resumed(seen, iterator), extent } };
}

/** What was read of an input, and then the rest of it; who stops early ends it, even before the first piece. */
export function resumed(seen: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  const first = seen.values();
  const whole: AsyncIterableIterator<Uint8Array> = {
    next: async () => {
      const next = first.next();
      return next.done ? rest.next() : next;
    },
    return: async () => {
      await rest.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => whole,
  };
  return whole;
}

/** Ends an input that was looked at and is not read: its file is closed. */
export async function closeInput({ chunks }: Input): Promise<void> {
  await chunks[Symbol.asyncIterator]().return?.();
}

/** An input as pieces of text, cut anywhere. */
export async function* textPieces(input: Input): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decoded = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new InputError("the text is not valid UTF-8; save it as UTF-8", { file: input.name });
    }
  };
  for await (const chunk of input.chunks) yield decoded(chunk);
  yield decoded();
}

/** All of an input as text. */
export async function readText(input: Input, pieces: AsyncIterable<string> = textPieces(input)): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    refuseLongText(text, input);
  }
  return text;
}

/** @throws InputError when a text is longer than the engine's strings may become */
export function refuseLongText(text: string, { name }: Input): void {
  if (text.length > MAX_TEXT_LENGTH)
    throw new InputError("the text is too long to hold as one document; split it", { file: name });
}

/** Bytes of a regular file; nothing for pipes, devices, and what cannot be read. */
function fileBytes(file: string | undefined): number | undefined {
  try {
    const found = isStandardStream(file) ? fstatSync(0) : statSync(file as string);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined; // Reading it will say why.
  }
}

async function* readable(
  open: () => NodeJS.ReadableStream,
  name: string,
  extent: InputExtent,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of open()) {
      const bytes = chunk as unknown as Uint8Array;
      extent.bytesRead += bytes.length;
      seen?.(bytes);
      yield bytes;
    }
  } catch (error) {
    throw ioError("read", name, error);
  }
}

/** Recognises gzip by its first two bytes, so that a pipe may be packed as well as a file. */
async function* unpacked(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  while (head.length < 2) {
    const next = await iterator.next();
    if (next.done) break;
    head = head.length === 0 ? new Uint8Array(next.value) : Buffer.concat([head, next.value]);
  }
  const whole = resumed(head.length > 0 ? [head] : [], iterator);
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const [{ Readable }, { createGunzip }] = await Promise.all([import("node:stream"), import("node:zlib")]);
  const source = Readable.from(whole);
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on("error", (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  let bytes = 0;
  try {
    for await (const chunk of gunzip) {
      const [first, second] = chunk as Uint8Array;
      if (bytes === 0 && first === 0x1f && second === 0x8b)
        throw new InputError("it is packed by gzip twice; unpack it once: gunzip", { file: name });
      bytes += (chunk as Uint8Array).length;
      if (bytes > UNPACKED_FREELY && bytes > MOST_EXPANSION * gunzip.bytesWritten) throw expanding(name);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith("Z_")) {
      throw new InputError("the gzip data is damaged or cut short; fetch or pack the file again", { file: name });
    }
    throw error;
  } finally {
    source.destroy();
  }
}
