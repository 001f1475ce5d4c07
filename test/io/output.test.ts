import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRegions } from "../../src/io/fileRegions.ts";
import { openOutput } from "../../src/io/output.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-output-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function write(file: string, text: string): Promise<void> {
  const output = openOutput(file);
  await output.write(text);
  await output.finish();
}

test.each([0o600, 0o664, 0o640])("a file keeps its mode %o", async (mode) => {
  writeFileSync(at("out"), "old");
  chmodSync(at("out"), mode);
  await write(at("out"), "new");
  expect(statSync(at("out")).mode & 0o777).toBe(mode);
  expect(readFileSync(at("out"), "utf8")).toBe("new");
});

test("a read-only file is not replaced", () => {
  writeFileSync(at("out"), "old");
  chmodSync(at("out"), 0o444);
  expect(() => openOutput(at("out"))).toThrow(/read-only \(mode 444\)/);
  expect(readFileSync(at("out"), "utf8")).toBe("old");
});

test("links are followed, to files that are there and to files that are not", async () => {
  symlinkSync("target", at("link"));
  symlinkSync("link", at("second"));
  for (const text of ["first", "again"]) {
    await write(at("second"), text);
    expect(readFileSync(at("target"), "utf8")).toBe(text);
    expect([lstatSync(at("link")).isSymbolicLink(), lstatSync(at("target")).isFile()]).toEqual([true, true]);
  }
  symlinkSync("b", at("a"));
  symlinkSync("a", at("b"));
  expect(() => openOutput(at("a"))).toThrow(/links lead to each other/);
});

test.skipIf(process.platform === "win32")("a pipe is told from a file without opening it", async () => {
  expect(spawnSync("sh", ["-c", `mkfifo "$0"`, at("pipe")]).status).toBe(0);
  await expect(openRegions(at("pipe"))).rejects.toThrow(/not a pipe; save it first/);
});
