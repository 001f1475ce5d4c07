/** What tells one plan from another: the SHA-256 of its bytes as they lie in the file, as `sha256sum` prints it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A hash that grows. */
export interface Fingerprint {
  add(bytes: Uint8Array): void;
  /** Hexadecimal; asked for once. */
  hex(): string;
}

/** Of nothing yet. */
export function fingerprint(): Fingerprint {
  const hash = createHash("sha256");
  return { add: (bytes) => hash.update(bytes), hex: () => hash.digest("hex") };
}

/** Of a whole file; nothing where it cannot be read. */
export function fingerprintOf(file: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch {
    return undefined;
  }
}
