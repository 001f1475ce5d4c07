/** Nothing that a small file says exhausts the program: it ends soon, in little memory, with a result or a line. */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { changedByte, countChanges, extremeLength, spreadOver } from "../support/binaryChanges.ts";
import { type BinaryReader, binaryReaders } from "../support/binaryReaders.ts";
import { inProcess } from "../support/inProcess.ts";

/** What the program promises, in milliseconds and KiB. */
const MOST_MS = 5000;
const MOST_KIB = 512 * 1024;
/** Changes of each kind; `npm run fuzz` makes all of them, `npm run worst-inputs` as well, and measures them. */
const FEW = process.env["FUZZ_RUNS"] === undefined ? 40 : Number.POSITIVE_INFINITY;

const folder = mkdtempSync(join(tmpdir(), "lazarus-claims-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files of the folder that this process has open. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}

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

describe.each(binaryReaders.map((reader) => [reader.name, reader] as const))("%s", (_, reader) => {
  const { sample } = reader;
  afterAll(() => {
    for (const name of [reader.file, ...Object.keys(reader.beside ?? {})]) rmSync(join(folder, name), { force: true });
  });

  test("is sound", async () => {
    expect(await read(reader, sample)).toBe(0);
  });

  test.skipIf(!existsSync("/proc/self/fd"))("is closed again, damaged or not", async () => {
    for (const bytes of [sample, sample.subarray(0, -9), Buffer.concat([sample.subarray(0, 40), sample.subarray(50)])])
      await read(reader, bytes);
    await vi.waitFor(() => expect(openFiles()).toEqual([]));
  });

  test("any byte changed", async () => {
    for (const change of spreadOver(countChanges(sample).bytes, FEW)) await read(reader, changedByte(sample, change).bytes);
  });

  test("any length set to its extremes", async () => {
    for (const change of spreadOver(countChanges(sample).lengths, 2 * FEW))
      await read(reader, extremeLength(sample, change).bytes);
  });
});
