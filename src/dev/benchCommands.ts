/** `npm run bench:commands`: what commands that a controller calls cost from the shell, the start of Node included. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { planFigures } from "../core/placement/assess.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import type { Policy } from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { placementDocument } from "../formats/placementDocument.ts";
import { paint } from "../report/paint.ts";
import { fixed, textTable } from "../report/table.ts";
import { growthColumns, growthRows } from "./growth.ts";
import { logNormalLayers } from "./logNormalLayers.ts";
import { processCost } from "./processCost.ts";

const RUNS = 5;
const folder = mkdtempSync(join(tmpdir(), "lazarus-bench-"));

function placementFile(
  name: string,
  nodes: number,
  slots: number,
  gpus: number,
  layers: LayerLoads[],
  placement: Policy["placement"],
) {
  const policy = {
    placement,
    allocation: "lazarus",
    minReplicas: 2,
    seed: 0,
    failureProbability: defaultFailureProbability(nodes),
    effort: "fast",
  } as const;
  const made = makePlacement(uniformCluster(nodes, slots, gpus), layers, policy);
  const document = placementDocument(made, policy, planFigures(made, policy));
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(document));
  return file;
}

/** Least CPU time and wall time of some runs, in seconds, and the lines written. */
function cost(line: string): { cpu: number; wall: number; lines: number } {
  const out = join(folder, "out");
  const runs = Array.from({ length: RUNS }, () => processCost(line, out));
  const counted = spawnSync("wc", ["-l", out]).stdout.toString();
  return {
    cpu: Math.min(...runs.map(({ cpu }) => cpu)),
    wall: Math.min(...runs.map(({ wall }) => wall)),
    lines: Number.parseInt(counted, 10),
  };
}

try {
  const [small, large] = [logNormalLayers(12, 16), logNormalLayers(58, 256)];
  const program = `"${process.execPath}" "${fileURLToPath(new URL("../../bin/lazarus.js", import.meta.url))}"`;
  const recover = (file: string) => `${program} recover "${file}" --failed node3`;
  const dispatch = `${program} dispatch-plan "${join(folder, "mro.json")}" --format csv`;
  const tasks: Record<string, string> = {
    "node alone": `"${process.execPath}" -e 0`,
    "recover, resilient, 10 nodes x 6 slots, 12 layers": recover(placementFile("small.json", 10, 6, 1, small, "resilient")),
    "the same, mro": recover(placementFile("small-mro.json", 10, 6, 1, small, "mro")),
    "recover, mro, 64 nodes x 32 slots, 58 layers": recover(placementFile("mro.json", 64, 32, 8, large, "mro")),
    "recover, resilient, 64 nodes x 32 slots, 58 layers": recover(placementFile("large.json", 64, 32, 8, large, "resilient")),
    "dispatch-plan as CSV, 512 ranks, 2,048 slots, 58 layers": dispatch,
    "the same with --policy lazarus, 8 layers": `${dispatch} --policy lazarus --layers 0-7`,
  };
  const rows = Object.entries(tasks).map(([name, line]) => {
    const { cpu, wall, lines } = cost(line);
    return [name, fixed(cpu, 2), fixed(wall, 2), lines > 1 ? fixed(lines / cpu / 1e6, 1) : ""];
  });
  const columns = [
    { head: "command", align: "left" as const },
    { head: "CPU s" },
    { head: "wall s" },
    { head: "million rows / CPU s" },
  ];
  const colors = paint(process.stdout.isTTY === true);
  process.stdout.write(`The least of ${RUNS} runs\n\n${textTable(columns, rows, colors)}\n\n`);
  const profile = join(folder, "profile.json");
  const window = { from: 0, to: 0, iterations: 1, method: "mean" };
  writeFileSync(profile, JSON.stringify({ type: "load-profile", version: 1, experts: 256, window, layers: large }));
  const growth = growthRows(profile, folder, [process.execPath, fileURLToPath(new URL("../../bin/lazarus.js", import.meta.url))]);
  process.stdout.write(
    `Nodes of 8 GPUs and 16 slots, 58 layers of 256 experts: CPU s / MB\n\n${textTable(growthColumns, growth, colors)}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
