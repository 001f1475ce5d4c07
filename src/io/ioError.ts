/** What the operating system refuses, said in one line. */
import { dirname } from "node:path";
import { IoError } from "../errors.ts";

const reasons = new Map(
  Object.entries({
    ENOENT: "there is no such file; check the name",
    EISDIR: "it is a directory; name a file",
    EACCES: "permission denied; check its mode and owner",
    EPERM: "the operation is not permitted; check its mode and owner",
    ENOSPC: "no space is left on the device; free some or write elsewhere",
    EROFS: "the file system is read-only; write elsewhere",
    ENOTDIR: "a part of the path is not a directory; check the name",
    ENAMETOOLONG: "the name is too long; use a shorter one",
    ELOOP: "its links lead to each other; name another file",
    EMFILE: "too many files are open; raise the limit (ulimit -n)",
  }),
);

/** Says in one line why the system refused, and what to do. */
export function ioError(verb: "read" | "write", file: string, cause: unknown): IoError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const isFolderMissing = verb === "write" && code === "ENOENT";
  const missing = `there is no folder ${dirname(file)}; make it, or write elsewhere`;
  const reason = (isFolderMissing ? missing : reasons.get(code)) ?? (cause instanceof Error ? cause.message : String(cause));
  return new IoError(`cannot ${verb} ${file}: ${reason}`, { cause });
}
