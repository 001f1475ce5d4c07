/** The program as it is built: one script with a code cache, and packages that it imports when it needs them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lazarus, root } from "../support/lazarus.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-bundle-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const log = `${root}fixtures/routing.csv`;

test("V8 takes the code cache", () => {
  const { compile } = createRequire(import.meta.url)("../../bin/lazarus.js") as { compile: () => Script };
  expect(compile().cachedDataRejected).toBe(false);
});

test("where V8 refuses the code cache, the program does the same", () => {
  const words = [`${root}bin/lazarus.js`, "profile-load", log];
  const { status, stdout } = spawnSync(process.execPath, ["--no-opt", ...words], { encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout).toBe(lazarus(["profile-load", log]).stdout);
});

test("what only some runs need is imported by the built program, too", () => {
  const packed = join(folder, "routing.csv.gz");
  writeFileSync(packed, gzipSync(readFileSync(log)));
  expect(lazarus(["profile-load", packed])).toEqual(lazarus(["profile-load", log]));
  const profile = join(folder, "profile.json");
  expect(lazarus(["profile-load", packed, "-o", profile])).toMatchObject({ code: 0, stderr: "" });
  const front = join(folder, "front.svg");
  const place = ["place", profile, "-n", "6", "-c", "6", "--effort", "fast", "--pareto", front, "-o", join(folder, "placement")];
  expect(lazarus(place)).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(front, "utf8")).toMatch(/^<svg/);
  const columns = `${root}test/fixtures/topk.parquet`;
  expect(lazarus(["profile-load", columns])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^{"type":"load-profile"/) });
});
