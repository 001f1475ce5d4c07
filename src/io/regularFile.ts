/** Files that have to be files: looked at before they are opened, since opening a pipe waits for a writer, perhaps for ever. */
import { statSync } from "node:fs";
import { IoError } from "../errors.ts";
import { ioError } from "./ioError.ts";

/** Refuses a pipe, socket or device where a file is needed. @throws IoError, also when there is nothing */
export function requireFile(file: string): void {
  let found: ReturnType<typeof statSync>;
  try {
    found = statSync(file);
  } catch (error) {
    throw ioError("read", file, error);
  }
  if (found.isDirectory()) throw ioError("read", file, { code: "EISDIR" });
  if (!found.isFile()) throw new IoError(`cannot read ${file}: it has to be a file, not a pipe; save it first`);
}
