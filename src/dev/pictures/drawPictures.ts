/** Pictures of all commands: small ones, and as large as people have them. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { logNormalLayers } from "../logNormalLayers.ts";

const LAYERS = 58;
const EXPERTS = 256;

/** A command line for each picture, in words; files are in the folder. */
const LINES: readonly (readonly [picture: string, line: string])[] = [
  ["loads.html", "profile-load ROUTING"],
  ["windows.svg", "profile-load ROUTING --every 4"],
  ["drift.html", "profile-load ROUTING --drift"],
  ["loads-large.html", "profile-load large.json"],
  ["place.html", "place ROUTING -n 10 -c 6 --effort fast -o plan.json"],
  ["audit.svg", "place --audit plan.json"],
  ["place-large.html", "place large.json -n gpu[01-64] --gpus 8 -c 72 --placement eplb -q -o plan-large.json"],
  ["place-long.svg", "place ROUTING -n rack-12-accelerator-[0001-0020].example.org -c 6 --placement mro -o long.json"],
  ["dispatch.html", "dispatch-plan plan.json"],
  ["dispatch-large.html", "dispatch-plan plan-large.json --layers 0-2 --policy lazarus"],
  ["compare.html", "compare plan.json --with eplb,mro,spread --routing ROUTING"],
  ["recover.html", "recover plan.json --failed node3,node7 --model gpt-l"],
  ["recover-long.svg", "recover long.json --failed rack-12-accelerator-0003.example.org --model gpt-l"],
  ["simulate.html", "simulate ROUTING --model gpt-l --hardware rtx3090 -n 10 --mtbf 40m --duration 2h -q"],
  ["sweep.html", "simulate --summarize six.json two.json half.json"],
  ["pipeline.html", "pipeline-plan -D 3 -S 4 -N 6 --failed 1.2 --activation-slots +1"],
];

/** What the pictures are made of, and is not drawn. */
const BEFORE = [
  ["six.json", "6h"],
  ["two.json", "2h"],
  ["half.json", "30m"],
].map(
  ([file, mtbf]) =>
    `simulate ROUTING --model gpt-l --hardware rtx3090 -n 10 --mtbf ${mtbf} --duration 1h --trials 3 -q -o ${file}`,
);

/** Draws them; names of the files, one after the other as they are there. */
export function* drawPictures(folder: string): Generator<string> {
  const layers = logNormalLayers(LAYERS, EXPERTS);
  const window = { from: 0, to: 9, iterations: 10, method: "mean" };
  const profile = { type: "load-profile", version: 1, experts: EXPERTS, window, layers };
  writeFileSync(join(folder, "large.json"), JSON.stringify(profile));
  for (const line of BEFORE) run(line.split(" "), folder);
  for (const [picture, line] of LINES) {
    run([...line.split(" "), "--plot", picture, ...(line.includes(" -o ") ? [] : ["-o", "rest.json"])], folder);
    yield join(folder, picture);
  }
  run("place ROUTING -n 6 -c 6 --effort fast --pareto front.html -o rest.json".split(" "), folder);
  yield join(folder, "front.html");
}

function run(words: readonly string[], folder: string): void {
  const root = process.cwd();
  const typed = words.map((word) => (word === "ROUTING" ? join(root, "fixtures/routing.csv") : word));
  const { status, stderr } = spawnSync(process.execPath, [join(root, "bin/lazarus.js"), ...typed], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`lazarus ${words.join(" ")}: ${stderr}`);
}
