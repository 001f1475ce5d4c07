/** Folders of files that belong together. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "./ioError.ts";

/** Whether a file argument names a folder. */
export function isFolder(file: string | undefined): file is string {
  return file !== undefined && existsSync(file) && statSync(file).isDirectory();
}

/** Names of the files in a folder, sorted. @throws IoError */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw ioError("read", folder, error);
  }
}

/** Path of a file in a folder. */
export function inFolder(folder: string, name: string): string {
  return join(folder, name);
}
