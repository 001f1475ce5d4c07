/** Stand-ins for the weights of experts. */
import { createCipheriv, createHash } from "node:crypto";

/** Bytes that only who knows the seed can make. */
export function contentOf(seed: string, bytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** SHA-256 of a content, in hexadecimal digits. */
export function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
