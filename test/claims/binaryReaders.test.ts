/** Nothing that a small file says exhausts the program: it ends soon, in little memory, with a result or a line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type BinaryReader, binaryReaders } from "../support/binaryReaders.ts";
import { inProcess } from "../support/inProcess.ts";

/** What the program promises, in milliseconds and KiB. */
const MOST_MS = 5000;
const MOST_KIB = 512 * 1024;
/** Changes of each kind; `npm run fuzz` makes all of them. */
const FEW = process.env["FUZZ_RUNS"] === undefined ? 60 : Number.POSITIVE_INFINITY;

/** What length fields are set to: little-endian, and as the variable-length numbers of Thrift. */
const extremes: readonly Buffer[] = [
  ...[1, 2, 4, 8].flatMap((bytes) => [Buffer.alloc(bytes, 0), Buffer.alloc(bytes, 0xff)]),
  Buffer.from([0xff, 0xff, 0xff, 0x7f]),
  Buffer.from([0, 0, 0, 0, 0, 0, 0x20, 0]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
  Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
];

const folder = mkdtempSync(join(tmpdir(), "lazarus-claims-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(reader: BinaryReader, bytes: Buffer): Promise<number | null> {
  const file = join(folder, reader.file);
  writeFileSync(file, bytes);
  for (const [name, text] of Object.entries(reader.beside ?? {})) writeFileSync(join(folder, name), text);
  const words = reader.words.split(" ").map((word) => word.replace("FILE", file).replace("FOLDER", folder));
  const begun = performance.now();
  const before = process.memoryUsage.rss() / 1024;
  const { code, stderr } = await inProcess(words);
  const [milliseconds, kib] = [performance.now() - begun, process.memoryUsage.rss() / 1024 - before];
  const context = `${bytes.toString("base64")}\n${stderr.slice(0, 500)}`;
  expect([0, 2], context).toContain(code);
  expect(stderr.length, context).toBeLessThan(1500);
  expect(milliseconds, context).toBeLessThan(MOST_MS);
  expect(kib, context).toBeLessThan(MOST_KIB);
  return code;
}

/** Some of a count of changes, evenly spread. */
function chosen(count: number): number[] {
  const step = Math.max(1, count / FEW);
  return Array.from({ length: Math.min(count, Math.floor(count / step)) }, (_, i) => Math.floor(i * step));
}

describe.each(binaryReaders.map((reader) => [reader.name, reader] as const))("%s", (_, reader) => {
  const { sample } = reader;
  afterAll(() => {
    for (const name of [reader.file, ...Object.keys(reader.beside ?? {})]) rmSync(join(folder, name), { force: true });
  });

  test("is sound", async () => {
    expect(await read(reader, sample)).toBe(0);
  });

  test("any byte changed", async () => {
    for (const change of chosen(sample.length * 3)) {
      const bytes = Buffer.from(sample);
      const at = Math.floor(change / 3);
      bytes[at] = [bytes[at]! ^ 0xff, bytes[at]! ^ 0x01, bytes[at]! ^ 0x80][change % 3]!;
      await read(reader, bytes);
    }
  });

  test("any length set to its extremes", async () => {
    for (const change of chosen(sample.length * extremes.length)) {
      const at = Math.floor(change / extremes.length);
      const extreme = extremes[change % extremes.length]!;
      const bytes = Buffer.from(sample);
      extreme.copy(bytes, at);
      await read(reader, bytes);
      // Variable-length numbers: the bytes behind move on.
      await read(reader, Buffer.concat([sample.subarray(0, at), extreme, sample.subarray(at + 1)]));
    }
  });
});
