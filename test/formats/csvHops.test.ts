/** All hops from a document to a command that reads it: from CSV the next command's output has the bytes that it has from JSON. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import a100 from "../../src/formats/presets/a100.json" with { type: "json" };
import gptS from "../../src/formats/presets/gpt-s.json" with { type: "json" };
import { inProcess } from "../support/inProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-hops-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const log = ["iteration,layer,rank,expert,tokens"];
for (let step = 1; step <= 8; step++) {
  for (const layer of [3, 7]) {
    for (const rank of [0, 1, 2, 3]) {
      for (let expert = 0; expert < 5; expert++)
        log.push(`${step * 10},${layer},${rank},${expert},${(expert * 37 + step * layer * 11 + rank * 5) % 90}`);
    }
  }
}
writeFileSync(at("log.csv"), `${log.join("\n")}\n`);
writeFileSync(at("gpt.json"), JSON.stringify({ ...gptS, experts: 5, layers: 2, slotsPerNode: 4 }));
writeFileSync(at("hardware.json"), JSON.stringify({ ...a100, gpusPerNode: 2 }));
const job = `--model ${at("gpt.json")} --hardware ${at("hardware.json")} --mtbf 1h`;

/** Every writer: a name, what it reads, its words, and options that its CSV alone takes. */
const writers: readonly (readonly [string, string, string, string?])[] = [
  ["one iteration", "log.csv", "profile-load --window 20:20"],
  ["mean", "log.csv", "profile-load --window 20:60"],
  ["sum", "log.csv", "profile-load --window 20:20 --method sum"],
  ["ema", "log.csv", "profile-load --method ema --alpha 0.3"],
  ["ranks", "log.csv", "profile-load --by-rank"],
  ["windows", "log.csv", "profile-load --every 3"],
  ["ranks of windows", "log.csv", "profile-load --every 1 --by-rank"],
  ["forecast", "log.csv", "profile-load --forecast ensemble --horizon 10"],
  ["forecasts", "log.csv", "profile-load --forecast auto --horizon 10 --every 4"],
  ["placement", "mean.json", "place -n 4 -c 4"],
  [
    "placement of settings",
    "mean.json",
    "place -n 4 -c 4 --seed 7 --effort fast --balance-slack 0.1 --failure-probability 0.125 --host-copies 1",
  ],
  ["placement without limit", "mean.json", "place -n 4 -c 4 --balance-slack none --shares even -f 1"],
  ["placement for a job", "mean.json", `place -n 4 -c 4 --gpus 2 --effort fast ${job}`],
  ["placement for goodput", "mean.json", `place -n 4 -c 4 --gpus 2 --effort fast --objective goodput ${job}`],
  ["placement of groups", "mean.json", "place -n 3 -c 5 --placement eplb --groups 5 -f 1"],
  ["even placement", "mean.json", "place -n 4 -c 4 --placement mro --allocation even --seed 3"],
  ["spilled placement", "mean.json", "place -n 2 -c 2 -f 1 --spill cpu --placement mro"],
  ["placements", "windows.json", "place -n 4 -c 4 --seed 2 --effort fast"],
  ["recovery", "placement of settings.json", "recover --failed node1", " --rows placement"],
  ["recovery with ranks", "placement of settings.json", "recover --failed node1 --keep-ranks", " --rows placement"],
  ["recovery of a job", "placement for a job.json", "recover --failed node1:0 --prefer repair", " --rows placement"],
  ["no recovery", "placement of settings.json", "recover --joined 0", " --rows placement"],
  ["recoveries", "placements.json", "recover --failed node2", " --rows placement"],
  [
    "decision",
    "even placement.json",
    `recover --trigger ratio:1 --placement resilient --profile ${at("sum.json")}`,
    " --rows placement",
  ],
  ["decision to stay", "placement.json", `recover --trigger ratio:9 --profile ${at("sum.json")}`, " --rows placement"],
  ["dispatch", "placement.json", "dispatch-plan"],
  ["comparison", "placement.json", "compare --with eplb,mro"],
];

const loads = ["one iteration", "mean", "sum", "ema", "ranks", "forecast"];
const series = ["windows", "ranks of windows", "forecasts"];
const plans = writers.filter(([, , words]) => /^(?:place|recover) /.test(words)).map(([name]) => name);
const single = plans.filter((name) => !["placements", "recoveries"].includes(name));
const SPILLED = ["spilled placement"];
const without = (...names: string[]) => single.filter((name) => !names.includes(name));
const PLAN = "placement.json";

/** Every reader: its words with FILE for the document, the writers whose documents it is given, and which of these it refuses in either format. */
const readers: [string, readonly string[], (readonly string[])?][] = [
  ["profile-load FILE", [...loads, ...series]],
  ["profile-load FILE --top-experts 2 --format csv", [...loads, ...series]],
  ["profile-load FILE --forecast holt --horizon 20", series, ["forecasts"]],
  ["profile-load FILE --drift", series, ["forecasts"]],
  ["place FILE -n 4 -c 4 --effort fast", [...loads, ...series]],
  ["place FILE -n 4 -c 4 --effort fast --robust", ["forecast", "mean"], ["mean"]],
  [`place FILE --from ${at(PLAN)} --placement balanced`, [...loads, ...series]],
  [`recover ${at(PLAN)} --profile FILE`, [...loads, "windows"], ["windows"]],
  [`recover ${at(PLAN)} --trigger ratio:1.01 --placement flexmoe --profile FILE`, loads],
  [`dispatch-plan ${at(PLAN)} --routing FILE`, ["ranks"]],
  [`compare ${at(PLAN)} --with eplb --profile FILE`, loads],
  [`simulate FILE --model ${at("gpt.json")} -n 3 --mtbf 5m --duration 10m --systems lazarus`, ["mean", "windows", "forecast"]],
  ["dispatch-plan FILE", plans],
  ["dispatch-plan FILE --weights --format csv", plans],
  ["place --audit FILE --explain", ["placement of settings", "placement for goodput", "recovery with ranks", "placements"]],
  ["place --audit FILE --format csv", plans],
  [`place ${at("ema.json")} --from FILE --placement balanced`, single, SPILLED],
  [`place ${at("ema.json")} --from FILE --placement resilient --max-moves 2`, ["placement of settings", "recovery", "decision"]],
  ["recover FILE --failed node0 --spill cpu", plans],
  ["recover FILE --failed node0 --restore host=25GBps --host-copies-of neighbour", without(...SPILLED)],
  ["recover FILE --joined 1 --slots 4 --gpus 1 --spill cpu --format csv --rows placement", plans, ["placement of groups"]],
  ["recover FILE --joined 0", plans],
  [`recover FILE --profile ${at("ema.json")} --trigger every:30 --placement balanced`, without(...SPILLED)],
  [`recover FILE --profile ${at("ema.json")} --trigger every:1000 --placement resilient`, ["decision", "decision to stay"]],
  [
    "compare FILE --with eplb,mro,resilient",
    ["placement of settings", "placement for goodput", "even placement", "recovery", "decision"],
  ],
  [`compare ${at("even placement.json")} FILE`, without("even placement", ...SPILLED)],
  [`compare ${at(PLAN)} --with eplb,mro --baseline FILE`, ["comparison"]],
  [`compare ${at(PLAN)} --with eplb,mro --baseline FILE --shares even`, ["comparison"], ["comparison"]],
  [
    `simulate --plan FILE --model ${at("gpt.json")} --load-spread 0.5 --mtbf 5m --duration 10m --systems lazarus`,
    ["placement", "placement of settings", "even placement"],
  ],
];

async function run(words: string, file: string) {
  const marked = words.split(" ").map((word) => (word === "FILE" ? file : word));
  const { code, stdout, stderr } = await inProcess(marked, "");
  const plain = (text: string) =>
    text
      .replace(/"follows":"\w{64}",/g, "")
      .replaceAll(file, "FILE")
      .replaceAll(file.slice(folder.length + 1), "FILE");
  return { code, stdout: plain(stdout), stderr: plain(stderr) };
}

describe("from CSV as from JSON", async () => {
  for (const [name, from, words, csvOnly = ""] of writers) {
    for (const format of ["json", "csv"]) {
      const line = `${words} --format ${format}${format === "csv" ? csvOnly : ""}`.split(" ");
      const { code, stdout, stderr } = await inProcess([line[0]!, at(from), ...line.slice(1)], "");
      expect(code, `${name}: ${stderr}`).toBe(0);
      writeFileSync(at(`${name}.${format}`), stdout);
    }
  }
  test.each(readers.map(([words, kinds, others = []]) => ({ words, kinds, others })))(
    "$words",
    async ({ words, kinds, others }) => {
      const refused: string[] = [];
      for (const kind of kinds) {
        const json = await run(words, at(`${kind}.json`));
        const csv = await run(words, at(`${kind}.csv`));
        if (json.code === 2) {
          refused.push(kind);
          expect([csv.code, json.stderr]).toEqual([2, json.stderr]);
        } else expect({ kind, ...csv }).toEqual({ kind, ...json });
      }
      expect(refused).toEqual(others);
    },
  );
});
