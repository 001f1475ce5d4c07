/** Files of which parts are read where they are needed. */
import { type FileHandle, open } from "node:fs/promises";
import { InputError, IoError } from "../errors.ts";
import { ioError } from "./ioError.ts";
import { requireFile } from "./regularFile.ts";

/** Most bytes that are read at a time; readers check what a file claims before they ask. */
const MOST_BYTES = 1 << 28;

/** A file that can be read anywhere. */
export interface FileRegions {
  readonly name: string;
  readonly byteLength: number;
  /** Bytes from `start` up to, not including, `end` (the file's end without it). @throws IoError */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/** Opens a regular file. @throws IoError */
export async function openRegions(file: string): Promise<FileRegions> {
  const { handle, byteLength } = await opened(file);
  return {
    name: file,
    byteLength,
    slice: async (start, end = byteLength) => {
      if (end > byteLength || end - start > MOST_BYTES)
        throw new InputError(`a part of it would have ${end - start} bytes; expected at most ${MOST_BYTES}, within the file`, {
          file,
        });
      const bytes = new Uint8Array(Math.max(0, end - start));
      try {
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
          if (bytesRead === 0) throw new Error("it ends before its time; was it cut while being read?");
          at += bytesRead;
        }
      } catch (error) {
        throw ioError("read", file, error);
      }
      return bytes.buffer;
    },
    close: () => handle.close(),
  };
}

async function opened(file: string): Promise<{ handle: FileHandle; byteLength: number }> {
  try {
    requireFile(file);
    const handle = await open(file, "r");
    return { handle, byteLength: (await handle.stat()).size };
  } catch (error) {
    throw error instanceof IoError ? error : ioError("read", file, error);
  }
}
