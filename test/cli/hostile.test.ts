/** Names and files that want to deceive: nothing raw reaches a terminal, no result is lost, nothing small takes long. */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPrintable } from "../../src/cleanText.ts";
import { fuzzInputs, readInput } from "../support/fuzzInputs.ts";
import { inProcess } from "../support/inProcess.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const run = (line: string, input: string | Buffer = "") => inProcess(line.replaceAll("@", `${folder}/`).split(" "), input);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-hostile-"));
  writeFileSync(at("profile"), (await run("profile-load", "[[5,9,2,4],[1,1,8,8]]")).stdout);
  writeFileSync(at("placement"), (await run("place -q @profile -n 4 -c 4 --placement mro")).stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("names are refused when they are read", () => {
  const names = ["\u001b]0;x\u0007", "a\u202eb", "=cmd|'/c calc'!A1", "+1", "-1", "@x", "\tx", "a\u009bb", "", "x".repeat(300)];
  const clean = ({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>) => {
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^lazarus: [^\n]{1,500}\n$/);
    expect(isPrintable(stderr.trimEnd())).toBe(true);
  };

  test.each(names)("%j", async (name) => {
    const rows = (await run("place -q @profile -n 4 -c 4 --placement mro --format csv")).stdout;
    const cell = `"${name.replaceAll('"', '""')}"`;
    clean(await run("recover --failed node3 --format table", rows.replaceAll("node1,", `${cell},`)));
    if (name !== "") clean(await run("dispatch-plan", rows.replaceAll("node1,,", `node1,${cell},`)));
    const placement = JSON.parse(readFileSync(at("placement"), "utf8"));
    placement.nodes[1].name = name;
    clean(await run("recover --failed node3 --format table", JSON.stringify(placement)));
    clean(await run("place @profile --placement mro --cluster -", JSON.stringify([{ name, slots: 9 }])));
    const node = { kind: "Node", metadata: { name }, status: { conditions: [{ type: "Ready", status: "Unknown" }] } };
    const kubernetes = JSON.stringify({ kind: "List", items: [node] });
    clean(await inProcess(["recover", at("placement"), "--failed", "@-"], kubernetes));
    const trace = { type: "membership-trace", version: 1, events: [{ seconds: 0, event: "add", node: name }] };
    clean(await run("simulate --load-spread 1 --duration 1m --trace -", JSON.stringify(trace)));
  });
});

test("a file's name forges no line", async () => {
  const { stderr } = await inProcess(["profile-load", at("a\nlazarus: forged\u001b[31m")]);
  expect(stderr.split("\n")).toHaveLength(2);
  expect(isPrintable(stderr.trimEnd())).toBe(true);
});

test("no message repeats more than 40 characters of any text of any input", async () => {
  const { inputs, remove } = await fuzzInputs();
  const long = "x".repeat(5000);
  try {
    for (const [name, input] of Object.entries(inputs)) {
      const text = input.sample.toString("latin1");
      const strings = [...text.matchAll(/"[^"\n]*"|[A-Za-z_-]{2,}/g)];
      // Each word once, where it comes first: documents repeat their names in every layer and node.
      const first = strings.filter((found, i) => strings.findIndex(([word]) => word === found[0]) === i).slice(0, 40);
      for (const found of first) {
        const quoted = found[0].startsWith('"') ? `"${long}"` : long;
        const changed = text.slice(0, found.index) + quoted + text.slice(found.index + found[0].length);
        const { stderr } = await readInput(input, Buffer.from(changed, "latin1"));
        expect(stderr, `${name}: ${found[0]}`).not.toMatch(/x{41}/);
      }
      if (input.file !== undefined) writeFileSync(input.file, input.sample);
    }
  } finally {
    remove();
  }
}, 120_000);

describe("two results to one file are refused", () => {
  beforeAll(() => {
    writeFileSync(at("there"), "old");
    symlinkSync("there", at("link"));
    symlinkSync("absent", at("dangling"));
    linkSync(at("there"), at("hard"));
    mkdirSync(at("sub"));
  });

  test.each([
    ["@new.csv", "@new.csv"],
    ["@there", "@link"],
    ["@absent", "@dangling"],
    ["@there", "@hard"],
    ["@sub/../new.csv", "@new.csv"],
    ["-", "-"],
  ])("%s and %s", async (one, other) => {
    const line = `simulate --load-spread 1 --model gpt-s -n 4 --duration 1m --systems lazarus --timeline ${one} -o ${other}`;
    const { code, stderr } = await run(line);
    expect([code, stderr]).toEqual([2, "lazarus: --timeline and --output would go to the same place; name another file\n"]);
    expect(readFileSync(at("there"), "utf8")).toBe("old");
  });

  test("different ones, and the null device, are not", async () => {
    const line = "simulate --load-spread 1 --model gpt-s -n 4 --duration 1m --systems lazarus --timeline";
    expect((await run(`${line} @one -o @two`)).code).toBe(0);
    expect((await run(`${line} /dev/null -o /dev/null`)).code).toBe(0);
  });
});

test("a name as long as names can be is written", async () => {
  const name = "n".repeat(255);
  expect((await run(`profile-load -o @${name}`, "[[1,2]]")).code).toBe(0);
  expect(JSON.parse(readFileSync(at(name), "utf8")).type).toBe("load-profile");
  const { code, stderr } = await run(`profile-load -o @${name}n`, "[[1,2]]");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/the name is too long; use a shorter one\n$/)]);
});

describe("what is packed", () => {
  test("a trap is refused, for documents, tables and packed packages", async () => {
    for (const start of ['{"logical_count":[[1', "iteration,layer,e0\n", "[[1", " "]) {
      const { code, stderr } = await run(
        "profile-load",
        gzipSync(Buffer.concat([Buffer.from(start), Buffer.alloc(80 << 20, " ")])),
      );
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^lazarus: [^\n]+\n$/)]);
    }
    const twice = await run("profile-load", gzipSync(gzipSync("iteration,layer,e0\n1,0,5\n")));
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringMatching(/packed by gzip twice; unpack it once: gunzip/) });
  }, 30_000);

  test("a document that is none is refused at its first character", async () => {
    const begun = process.memoryUsage.rss();
    const { code, stderr } = await run("place -n 4 -c 4", gzipSync(Buffer.alloc(30 << 20, "x")));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/expected rows of a routing log: is this the right file/)]);
    expect(process.memoryUsage.rss() - begun).toBeLessThan(200 << 20);
  });
});

describe("limits", () => {
  test.each([
    ["place @profile -n 10001 -c 4 --placement mro", /10001 nodes are too many, at most 10000/],
    ["place @profile -n 10000 -c 2000 --placement mro", /slots in 2 layers are too many.*profile-load --layers/],
    ["place @profile -n 40000 -c 4", /nodes are too many/],
    ["place @profile -n 10001 -c auto --survive 2 --placement mro", /10001 nodes are too many/],
    ["place -q @profile -n 10000 -c 4 --cluster @none", /both say what the nodes are|no such file/],
    ["recover @placement --joined 100000", /--joined: 100004 nodes are too many, at most 10000/],
    ["simulate --load-spread 1 --duration 1h -n 20000", /20000 nodes are too many, at most 10000/],
    ["bench --backend js --sizes hidden=1000000,feedforward=1000000", /this takes .* GB of memory, .* would fit/],
    ["bench --backend js --sizes tokens=1000000,topk=8,hidden=4096,feedforward=1024", /this takes .* GB of memory, .* would fit/],
    ["simulate --load-spread 1 --duration 1h -n 4 --trials 100001", /--trials: expected a whole number of at most 100000/],
  ])("%s", async (line, message) => {
    const { code, stderr } = await run(line);
    expect(stderr).toMatch(message);
    expect([1, 2]).toContain(code);
  });

  test("nobody fails: the job ends all the same", async () => {
    for (const probability of ["0", "1e-9"]) {
      const { code, stdout } = await run(
        `simulate --load-spread 1 --model gpt-s -n 10 --preemption-probability ${probability} --duration 2h --systems lazarus`,
      );
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ seconds: 7200, runs: [{ failures: 0 }] });
    }
  });

  test("traces of all forms share their limits", async () => {
    const many = Array.from({ length: 100_001 }, (_, i) => i);
    const events = many.map((i) => ({ seconds: 0, event: "add", node: `n${i}` }));
    const sky = { metadata: { gap_seconds: 1 }, data: [100_001] };
    const rows = `0,100001\n`;
    const forms = [
      JSON.stringify({ type: "membership-trace", version: 1, events }),
      many.map((i) => `0,add,n${i}\n`).join(""),
      JSON.stringify(sky),
    ];
    for (const form of forms) {
      const { code, stderr } = await run("simulate --load-spread 1 --duration 1m --trace -", form);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/100001 (nodes|instances).*100000/)]);
    }
    expect((await run("simulate --load-spread 1 --duration 1m --trace -", rows)).code).toBe(2);
    const swings = `hours,count\n${Array.from({ length: 60 }, (_, i) => `${i / 60},${i % 2 === 0 ? 50_000 : 1}\n`).join("")}`;
    const swinging = await run("simulate --load-spread 1 --duration 1m --trace -", swings);
    expect(swinging).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/joins and failures, more than 1000000|product of more/),
    });
  });
});
