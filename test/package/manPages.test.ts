import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commonExitCodes } from "../../src/commands/help.ts";
import { allCommands } from "../../src/commands/table.ts";
import { manualPages } from "../../src/dev/textsWithExamples.ts";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

const pages = readdirSync(`${root}man`);
const text = (page: string) => readFileSync(`${root}man/${page}`, "utf8");
const exitStatus = (page: string) => /\.SH EXIT STATUS\n([\s\S]*?)\.SH/.exec(text(page))![1]!;
const hasMandoc = spawnSync("mandoc", ["-T", "utf8"], { input: "" }).status === 0;

test("every command has its page, and the overview has every command", async () => {
  const names = (await allCommands()).map(({ name }) => name);
  const texts = manualPages().map(({ name }) => `lazarus-${name}.7`);
  expect(pages.toSorted()).toEqual(["lazarus.1", ...names.map((name) => `lazarus-${name}.1`), ...texts].toSorted());
  expect(JSON.parse(readFileSync(`${root}package.json`, "utf8")).man.toSorted()).toEqual(
    pages.map((page) => `man/${page}`).toSorted(),
  );
  for (const name of names) expect(text("lazarus.1")).toContain(`\\fBlazarus ${name.replaceAll("-", "\\-")}\\fR`);
});

test("requests of roff stand only where the pages mean them, in lines of at most 80 bytes outside of examples", () => {
  for (const page of pages) {
    for (const line of text(page)
      .replaceAll(/^\.nf\n[\s\S]*?^\.fi\n|^\.TS\n[\s\S]*?^\.TE\n|^'\\" t\n/gm, "")
      .split("\n")) {
      if (/^[.']/.test(line)) expect(line).toMatch(/^\.(TH .*|SH [A-Z ]+|PP|TP)$/);
      else if (!line.startsWith("\\fB")) expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(80);
    }
    // A heading begins a paragraph by itself.
    expect(text(page)).not.toMatch(/^\.SH.*\n\.PP/m);
    expect(text(page)).toMatch(/^\.TH "LAZARUS\S*" "[17]" "\d{4}-\d\d-\d\d" "lazarus \d/m);
  }
});

test("pages say what the exit codes of a command are, those of its own and 3 of what cannot be recovered among them", async () => {
  const commands = await allCommands();
  for (const { name, exitCodes = {} } of commands) {
    const said = [...exitStatus(`lazarus-${name}.1`).matchAll(/^\\fB(\d)\\fR$/gm)].map(([, code]) => code);
    expect(said).toEqual(Object.keys({ ...commonExitCodes, ...exitCodes }));
  }
  const placed = await inProcess("place -n 2 -c 2 -f 1 -q".split(" "), "[[5,3,2,1]]");
  const lost = await inProcess("recover --failed node1 --model gpt-s -q".split(" "), placed.stdout);
  const stage = await inProcess("pipeline-plan -D 2 -S 2 -N 2 --failed 0.1,1.1 -q".split(" "));
  expect([lost.code, stage.code]).toEqual([3, 3]);
  for (const page of ["lazarus-recover.1", "lazarus-pipeline-plan.1", "lazarus.1"])
    expect(exitStatus(page)).toMatch(/^\\fB3\\fR\n.*Not recoverable/m);
  for (const name of ["recover", "pipeline\\-plan"]) expect(exitStatus("lazarus.1")).toContain(`${name}: Not recoverable`);
});

describe.skipIf(!hasMandoc)(`mandoc${hasMandoc ? "" : " (skipped: there is no mandoc)"}`, () => {
  test.each(pages)("finds nothing to mend in %s", (page) => {
    const { status, stdout } = spawnSync("mandoc", ["-T", "lint", `${root}man/${page}`], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });
});
