/** Files that grow while they are read. */
import { open, stat } from "node:fs/promises";
import { InputError, UsageError } from "../errors.ts";
import { type Input, isStandardStream, openInput } from "./input.ts";
import { ioError } from "./ioError.ts";
import { requireFile } from "./regularFile.ts";
import { stopSignals } from "./stop.ts";

/** Thrown where a signal ends the reading of what goes on: what is half there is nothing yet. */
export class Stopped extends Error {}

const CHUNK_BYTES = 1 << 20;
const POLL_MILLISECONDS = 200;
/** Gzip, Parquet, a JSON array: complete, or of no use. */
const WHOLE_ONLY = new Map([
  [0x1f, "a packed file"],
  [0x50, "a Parquet file"],
  [0x5b, "a JSON array"],
]);

/**
 * A file, or standard input, until a signal comes; reading throws `Stopped` then. What the file holds is read, and what is
 * appended, as soon as it is there.
 * @throws IoError; InputError when the file becomes another one or shorter; UsageError when it is one that cannot grow
 */
export function followInput(file: string | undefined): Input {
  if (!isStandardStream(file)) requireFile(file as string);
  const source = isStandardStream(file) ? openInput(file) : { ...openInput(file), chunks: grown(file as string) };
  return { ...source, extent: { bytesRead: 0, bytes: undefined }, chunks: stoppable(source.chunks, source.name) };
}

async function* stoppable(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const { unlessStopped, release } = stopSignals();
  const iterator = chunks[Symbol.asyncIterator]();
  let first = true;
  let stopped = false;
  try {
    for (;;) {
      const next = await unlessStopped(iterator.next());
      stopped = next === undefined;
      if (next === undefined) throw new Stopped();
      if (next.done === true) return;
      const whole = first ? WHOLE_ONLY.get(next.value[0] ?? 0) : undefined;
      if (whole !== undefined) throw new UsageError(`${name} is ${whole}, which does not grow line by line; leave out --follow`);
      first = false;
      yield next.value;
    }
  } finally {
    release();
    // One that waits for more would do so first.
    if (!stopped) await iterator.return?.();
  }
}

async function* grown(file: string): AsyncGenerator<Uint8Array> {
  try {
    const handle = await open(file);
    const { ino } = await handle.stat();
    try {
      for (let position = 0; ; ) {
        // A buffer of its own: whoever got the last one may still read it.
        const { bytesRead, buffer } = await handle.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES, position);
        if (bytesRead > 0) {
          position += bytesRead;
          yield buffer.subarray(0, bytesRead);
          continue;
        }
        const found = await stat(file);
        if (found.ino !== ino || found.size < position)
          throw new InputError("the file was replaced or cut short while it was followed; start again", { file });
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof InputError ? error : ioError("read", file, error);
  }
}
