/**
 * Reproduces the paper's evaluation from the same traces: prints its numbers beside ours and draws its figures.
 * Then checks the simulator against closed forms and published figures of others, sets the toolkit's own placement beside the paper's on every setting, varies the settings, and says where it loses.
 * Usage: reproduce [FOLDER for the figures] [FOLDER of the traces]; takes a few minutes
 */
import { mkdirSync, writeFileSync } from "node:fs";
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { hardwarePreset, modelPreset } from "../formats/presets/index.ts";
import { paint } from "../report/paint.ts";
import { pictureSvg } from "../report/pictures/svg.ts";
import { comparisonTable, comparisonTally } from "./reproduction/comparisonTable.ts";
import { deepSeek } from "./reproduction/deepSeek.ts";
import { loadImbalance } from "./reproduction/loadImbalance.ts";
import { multiNodeFailures } from "./reproduction/multiNodeFailures.ts";
import { outsideChecks } from "./reproduction/outsideChecks.ts";
import { outsideTable } from "./reproduction/outsideTable.ts";
import { recycleExample } from "./reproduction/recycle.ts";
import { findings, resilientTable } from "./reproduction/resilientTable.ts";
import { singleFailures } from "./reproduction/singleFailures.ts";
import { spotInstances } from "./reproduction/spotInstances.ts";
import { sweeps } from "./reproduction/sweeps.ts";
import { readRoutingTrace, readSpotTrace, requireTraces } from "./reproduction/traces.ts";
import { tutel } from "./reproduction/tutel.ts";

const [folder = "reproduction", data = "../shared/data"] = process.argv.slice(2);
requireTraces(data);
const routing = readRoutingTrace(data);
const nodes = readSpotTrace(data);
const [small, medium, large] = ["gpt-s", "gpt-m", "gpt-l"].map(model) as [ModelSpec, ModelSpec, ModelSpec];
const testbed = hardware("rtx3090");

const figures = [
  () => singleFailures([small, medium, large], testbed, routing, undefined, true),
  () => multiNodeFailures([small, large], routing),
  () => spotInstances([small, medium, large], testbed, routing, nodes, undefined, true),
  () => loadImbalance(medium, testbed),
  () => tutel([small, large], hardware("a10g"), routing),
  () => deepSeek(model("deepseek-v3"), hardware("h200")),
].map((reproduce) => reproduce());

const comparisons = figures.flatMap((figure) => figure.comparisons);
const colours = paint(process.stdout.isTTY === true);
process.stdout.write(`${comparisonTable(comparisons, colours)}\n\n${comparisonTally(comparisons)}\n`);
const checks = outsideChecks({ small, testbed, deepSeek: model("deepseek-v3"), h200: hardware("h200"), h800: hardware("h800") });
process.stdout.write(`\nChecks from outside\n\n${outsideTable(checks, colours)}

${recycleExample().why}\n`);
mkdirSync(folder, { recursive: true });
for (const { charts } of figures) {
  for (const [name, spec] of charts) writeFileSync(`${folder}/${name}.svg`, [...pictureSvg(spec)].join(""));
}
const contests = figures.flatMap((figure) => figure.contests);
process.stdout.write(`\nThe toolkit's own placement (goodput, balanced dispatch) on the figures' settings; in Figure 13 it goes for
survival with balanced GPUs instead, as a search for goodput on hundreds of GPUs takes too long.\n\n`);
process.stdout.write(`${resilientTable(contests, colours)}\n`);
const varied = sweeps({ model: large, testbed, cloud: hardware("a10g"), routing, nodes });
process.stdout.write(`\nOne parameter changed\n\n${resilientTable(varied, colours)}\n\nFindings\n`);
for (const finding of findings([...contests, ...varied])) process.stdout.write(`- ${finding}\n`);
process.stderr.write(`figures are in ${folder}\n`);

function model(name: string): ModelSpec {
  return modelPreset(name) as ModelSpec;
}

function hardware(name: string): HardwareSpec {
  return hardwarePreset(name) as HardwareSpec;
}
