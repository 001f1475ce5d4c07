/** What people see at terminals of several sizes, through a pseudo-terminal. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

const canType = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;
let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-screens-"));
  const profile = ["profile-load", `${root}fixtures/serving.csv`, "--layers", "0-13", "-o", at("profile.json")];
  expect((await inProcess(profile)).code).toBe(0);
  const place = ["place", at("profile.json"), "-n", "gpu[01-16]", "--gpus", "8", "-c", "40"];
  expect((await inProcess([...place, "--effort", "fast", "-o", at("plan.json")])).code).toBe(0);
  expect((await inProcess([...place, "--placement", "eplb", "-q", "-o", at("eplb.json")])).code).toBe(0);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seen = new Map<string, string[]>();

/** Lines as they stand on the screen in the end, without colours. */
function screen(columns: number, words: string): string[] {
  const key = `${columns} ${words}`;
  const lines = seen.get(key) ?? shown(columns, words);
  seen.set(key, lines);
  return lines;
}

function shown(columns: number, words: string): string[] {
  const line = `stty rows 24 cols ${columns}; exec "${process.execPath}" "${root}bin/lazarus.js" ${words}`;
  const { stdout } = spawnSync("script", ["-qec", line, "/dev/null"], { encoding: "utf8", cwd: folder });
  // biome-ignore-start lint/suspicious/noControlCharactersInRegex: these are what a terminal is told
  return stdout
    .replaceAll("\r\n", "\n")
    .replace(/\u001b\[\d*G/g, "\r")
    .replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b[78]/g, "")
    .split("\n")
    .map((text) => text.slice(text.lastIndexOf("\r") + 1));
  // biome-ignore-end lint/suspicious/noControlCharactersInRegex: these are what a terminal is told
}

describe.skipIf(!canType)(`screens${canType ? "" : " (skipped: there is no `script` that runs a command)"}`, () => {
  test.each([
    "profile-load profile.json",
    "place --audit plan.json",
    "dispatch-plan plan.json",
    "recover plan.json --failed gpu03 --expert-bytes 42MiB",
    "compare plan.json eplb.json --shares even",
  ])(
    "%s fits into 80 columns",
    (words) => {
      const lines = screen(80, `${words} -q`);
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      expect(lines.length).toBeGreaterThan(8);
    },
    60_000,
  );

  test("a wide terminal is used, up to 200 columns, and a narrow one taken for 80", () => {
    const [narrow, usual, wide, widest] = [40, 80, 150, 400].map((columns) => screen(columns, "profile-load profile.json -q"));
    expect(narrow).toEqual(usual);
    expect(usual![1]).not.toBe(wide![1]);
    expect([...wide!, ...widest!].filter((line) => line.length > 200)).toEqual([]);
  });

  test("the first screen says whether a plan is safe and even, and the last line how to keep it", () => {
    const lines = screen(80, "place profile.json -n 'gpu[01-16]' --gpus 8 -c 40 --effort fast");
    const first = lines.slice(0, 24).join("\n");
    expect(first).toMatch(/^Safe: any one of 16 nodes may fail; with 2 failed, every expert survives in\n {6}[\d.]+ % of cases/m);
    expect(first).toMatch(/^Even: the busiest GPU has 1\.0\d+ times the mean in the worst layer/m);
    expect(lines.filter((line) => line.startsWith("lazarus: "))).toEqual(["lazarus: not saved; add -o placement.json"]);
  });

  test("the first screen of a recovery has its time, its moves and what it is worth", () => {
    const first = screen(80, "recover plan.json --failed gpu03 --expert-bytes 42MiB -q").slice(0, 24).join("\n");
    expect(first).toMatch(/^Training resumes after/m);
    expect(first).toMatch(/^Safe: /m);
    expect(first).toMatch(/^repair: .* moves/m);
  });

  test("five of 14 layers are shown, those chosen with --layers, and a node's slots with --node", () => {
    const rows = (lines: readonly string[]) => lines.flatMap((line) => /^ +(\d+) +[\d ]+ +1\.\d{3} /.exec(line)?.[1] ?? []);
    const usual = screen(80, "place --audit plan.json -q");
    expect(rows(usual)).toHaveLength(5);
    expect(usual.join("\n")).toContain("The other 9 layers: ");
    expect(rows(screen(80, "recover plan.json --failed gpu03 --expert-bytes 42MiB --layers 3,9-11 -q"))).toEqual([
      "3",
      "9",
      "10",
      "11",
    ]);
    const node = screen(80, "recover plan.json --failed gpu03 --expert-bytes 42MiB --layers 3 --node gpu07 -q");
    expect(node.filter((line) => /^ +3? +\d( +\d+){5}$/.test(line))).toHaveLength(8);
  }, 60_000);

  test("nobody is told to save what is saved, or asked for by its format", () => {
    expect(screen(80, "profile-load profile.json -o again.json").join("")).toBe("");
    expect(screen(80, "profile-load profile.json --format table").join("\n")).not.toContain("not saved");
  });
});

test("what tables show is not for other formats, and there has to be such a node", async () => {
  expect(await inProcess(["place", "--audit", at("plan.json"), "--layers", "3", "--format", "json"])).toMatchObject({
    code: 2,
    stderr:
      "lazarus: --layers chooses what the table shows, and --format json has everything; add --format table or leave it out\n",
  });
  expect(await inProcess(["place", "--audit", at("plan.json"), "--node", "gpu7", "--format", "table"])).toMatchObject({
    code: 2,
    stderr: "lazarus: --node gpu7: the placement has no such node, but gpu01 to gpu16\n",
  });
});

test("eplb, which leaves survival to chance, is judged by its balance first, and has no table of zeros", async () => {
  const { stdout } = await inProcess(["place", "--audit", at("eplb.json"), "--format", "table"]);
  expect(stdout.split("\n").slice(1, 4)).toEqual([
    expect.stringMatching(/^Even: the busiest GPU has 1\.\d+ times the mean in the worst layer/),
    expect.stringMatching(/^ {6}/),
    expect.stringMatching(/^Not safe: with one of 16 nodes failed, every expert survives in 0\.00 % of cases/),
  ]);
  expect(stdout).not.toContain("How likely every expert survives");
});
