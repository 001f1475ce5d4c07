import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { lazarus, type Run, shell } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-mistakes-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const header = "iteration,layer,expert,tokens\n";
const toPlace = ["place", "-n", "4", "-c", "2", "--placement", "mro"];
const profile = (await inProcess(["profile-load", "--input-format", "matrix"], "[[5,9,2,4],[1,1,8,8]]")).stdout;
const placement = (await inProcess(toPlace, profile)).stdout;

/** One line on standard error, nothing on standard output, no stack. */
function expectOneLine(run: Run, code: number, message: RegExp): void {
  expect(run.stderr).toMatch(/^lazarus: [^\n]+\n$/);
  expect(run.stderr).toMatch(message);
  expect(run.stdout).toBe("");
  expect(run.code).toBe(code);
}

describe("routing logs", () => {
  test.each([
    ["a short row", `${header}1,0,0,5\n1,0,1\n`, /:3: /],
    ["a long row", `${header}1,0,0,5\n1,0,1,5,7\n`, /:3: /],
    ["a word for a number", `${header}1,0,0,many\n`, /:2: .*many/],
    ["a negative number", `${header}1,0,0,-5\n`, /:2: /],
    ["a fraction", `${header}1,0,0,2.5\n`, /:2: /],
    ["more than 2^53", `${header}1,0,0,9007199254740993\n`, /:2: /],
    ["a blank inside a number", `${header}1,0,0,1 2\n`, /:2: /],
    ["the same expert twice", `${header}1,0,0,5\n1,0,1,5\n1,0,0,6\n`, /:4: /],
    ["a missing column", "iteration,layer,expert\n1,0,0\n", /:1: .*tokens/],
    ["no rows", header, /standard input/],
    ["nothing", "", /standard input/],
    ["iterations out of order", `${header}2,0,0,5\n1,0,0,5\n`, /:3: .*sort/],
  ])("%s", async (_, text, message) => {
    expectOneLine(await inProcess(["profile-load"], text), 2, message);
  });

  test("a file name and line stand in front", async () => {
    writeFileSync(at("bad.csv"), `${header}1,0,0,5\n1,0,x,5\n`);
    expectOneLine(await inProcess(["profile-load", at("bad.csv")]), 2, /bad\.csv:3: /);
  });

  test("gzip cut short", async () => {
    writeFileSync(at("cut.csv.gz"), gzipSync(`${header}${"1,0,0,5\n".repeat(1)}`).subarray(0, -6));
    expectOneLine(await inProcess(["profile-load", at("cut.csv.gz")]), 2, /cut\.csv\.gz: .*gzip/);
  });
});

describe("documents", () => {
  test.each([
    ["not JSON", "place -n 2 -c 4", "{oops", /:1: .*JSON/],
    ["JSON cut short", "place -n 2 -c 4", profile.slice(0, -20), /cut short/],
    [
      "the wrong type",
      "place -n 2 -c 4",
      placement,
      /this is a placement; a load-profile is wanted here: `lazarus profile-load` makes it/,
    ],
    ["no type", "dispatch-plan", "[]", /expected a placement document/],
    ["nothing", "recover --failed node3", "", /no input/],
    ["a missing field", "place -n 2 -c 4", '{"type":"load-profile","version":1}', /experts/],
    ["too few loads", "place -n 2 -c 4", profile.replace("[5,9,2,4]", "[5,9,2]"), /expected 4 loads/],
    ["a negative load", "place -n 2 -c 4", profile.replace("5,9", "-5,9"), /layers\[0\]\.loads.*-5 at index 0/],
    ["a load that is no number", "place -n 2 -c 4", profile.replace("5,9", "null,9"), /layers\[0\]\.loads/],
    [
      "an expert that does not exist",
      "dispatch-plan",
      placement.replace(/"nodes":\[\[\d/, '"nodes":[[9'),
      /expert 9 does not exist/,
    ],
  ])("%s", async (_, command, text, message) => {
    expectOneLine(await inProcess(command.split(" "), text), 2, message);
  });

  test("the line of a bad document among many", async () => {
    expectOneLine(await inProcess([...toPlace, "-o", at("x")], `${profile}{"type":1}\n`), 2, /standard input:2: /);
    expect(existsSync(at("x"))).toBe(false);
  });
});

describe("command lines", () => {
  test.each([
    ["no nodes", "place -n 0 -c 2", /--nodes: expected a whole number of at least 1, got "0"/],
    ["no slots", "place -n 2 -c 0", /--slots/],
    ["NaN", "place -n NaN -c 2", /--nodes.*"NaN"/],
    ["a fraction", "place -n 2.5 -c 2", /--nodes/],
    ["nodes not said", "place -c 2", /--nodes N or --cluster/],
    ["slots not said", "place -n 2", /--slots/],
    ["more replicas than nodes", "place -n 2 -c 4 -f 3", /--min-replicas 3: 2 nodes/],
    ["more replicas than one node", "place -n 1 -c 4 -f 2", /--min-replicas 2: one node/],
    [
      "more replicas than slots",
      "place -n 3 -c 2 -f 2",
      /--min-replicas 2: 6 slots cannot hold .* 4 experts: 2 more are needed; .* at most 1$/m,
    ],
    ["too few slots", "place -n 1 -c 3 -f 1", /4 experts do not fit into 3 slots: 1 more/],
    ["an unknown option", "place --nods 3", /did you mean --nodes/],
    ["an unknown command", "plcae", /did you mean place/],
    ["an option twice", "place -n 2 -n 3 -c 4", /--nodes is given 2 times/],
    ["an option without value", "place -n", /--nodes needs a value: N/],
    ["an option without value before another", "place --slots --nodes 3", /--slots needs a value/],
    ["a switch with a value", "place -n 4 -c 2 --explain=maybe", /--explain takes no value/],
    ["a switch with a value apart", "place -n 4 -c 2 --explain false", /--explain takes no value/],
    ["an unknown letter", "place -z 3", /there is no option -z/],
    ["an option named like a prototype", "place --__proto__ 3", /there is no option/],
    ["a number of a million digits", `place -c 2 -n ${"9".repeat(1_000_000)}`, /--nodes: expected a whole number/],
    ["an unknown policy", "place -n 4 -c 2 --placement best", /expected one of .*mro/],
    ["two files", "place a b", /one FILE/],
    ["no such file", "place nowhere.json -n 2 -c 4", /cannot read nowhere\.json: there is no such file/],
    ["a directory", "dispatch-plan .", /cannot read \.: it is a directory/],
    ["a folder without records", "place . -n 2 -c 4", /this folder holds no routing records/],
  ])("%s", async (_, line, message) => {
    expectOneLine(await inProcess(line.split(" "), profile), /cannot read/.test(message.source) ? 1 : 2, message);
  });

  test("unknown nodes, and names that are taken", async () => {
    const failed = await inProcess(["recover", "--failed", "node9"], placement);
    expectOneLine(failed, 2, /no node "node9"; the placement has node0, node1/);
    const long = await inProcess(["recover", "--failed", "x".repeat(200)], placement);
    expectOneLine(long, 2, /no node "x{39}…"; the placement has/);
    expectOneLine(await inProcess(["recover", "--joined", "node1"], placement), 2, /live node "node1"/);
    expectOneLine(await inProcess(["recover"], placement), 2, /what changed\? pass --failed, --joined or --drain with nodes/);
    expectOneLine(await inProcess(["recover", "--bandwidth", "fast"], placement), 2, /--bandwidth: expected a bandwidth such as/);
  });

  test("nobody at the terminal waits for input that does not come", () => {
    const { code, stdout } = shell(
      `script -qec "lazarus() { '${process.execPath}' bin/lazarus.js \\"\\$@\\"; }; lazarus place -n 2 -c 2" /dev/null`,
    );
    expect(code).toBe(2);
    expect(stdout).toMatch(/Usage: lazarus place/);
  });
});

describe("files and pipes", () => {
  test("a mistake in the real program", () => {
    expectOneLine(lazarus(["profile-load"], `${header}1,0,0,many\n`), 2, /standard input:2: .*many/);
    expectOneLine(lazarus(["place", "nowhere.json", "-n", "2", "-c", "4"]), 1, /there is no such file/);
  });

  test.each([["-o /dev/full"], ["> /dev/full"]])("a full disk: %s", (output) => {
    writeFileSync(at("profile.json"), profile);
    expectOneLine(shell(`lazarus ${toPlace.join(" ")} ${output} < ${at("profile.json")}`), 1, /no space is left/);
  });

  test("no permission, no folder", async () => {
    writeFileSync(at("locked.json"), profile);
    chmodSync(at("locked.json"), 0o000);
    if (process.getuid?.() !== 0) expectOneLine(await inProcess([...toPlace, at("locked.json")]), 1, /permission denied/);
    expectOneLine(await inProcess([...toPlace, "-o", at("no/such/folder.json")], profile), 1, /cannot write/);
  });

  test("a reader that goes away ends the program quietly", () => {
    const { code, stdout, stderr } = shell(
      "set -o pipefail; lazarus profile-load fixtures/routing.csv --every 1 --format csv | head -1",
    );
    expect([code, stdout, stderr]).toEqual([0, "window,iteration,layer,expert,tokens\n", ""]);
  });

  test("an output file appears whole or not at all", async () => {
    writeFileSync(at("kept.json"), "old");
    const bad = await inProcess([...toPlace, "-o", at("kept.json")], `${profile}junk\n`);
    expect(bad.code).toBe(2);
    expect(readFileSync(at("kept.json"), "utf8")).toBe("old");
    expect((await inProcess([...toPlace, "-o", at("kept.json")], profile)).code).toBe(0);
    expect(readFileSync(at("kept.json"), "utf8")).toBe(placement);
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});
