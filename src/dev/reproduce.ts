/**
 * Reproduces the paper's evaluation from the same traces: prints its numbers beside ours and draws its figures.
 * Usage: reproduce [FOLDER for the figures] [FOLDER of the traces]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import type { HardwareSpec } from "../core/simulation/hardwareSpec.ts";
import type { ModelSpec } from "../core/simulation/modelSpec.ts";
import { hardwarePreset, modelPreset } from "../formats/presets/index.ts";
import { chartSvg } from "../report/chart.ts";
import { paint } from "../report/paint.ts";
import { comparisonTable } from "./reproduction/comparisonTable.ts";
import { deepSeek } from "./reproduction/deepSeek.ts";
import { loadImbalance } from "./reproduction/loadImbalance.ts";
import { multiNodeFailures } from "./reproduction/multiNodeFailures.ts";
import { singleFailures } from "./reproduction/singleFailures.ts";
import { spotInstances } from "./reproduction/spotInstances.ts";
import { readRoutingTrace, readSpotTrace } from "./reproduction/traces.ts";
import { tutel } from "./reproduction/tutel.ts";

const [folder = "reproduction", data = "../shared/data"] = process.argv.slice(2);
const routing = readRoutingTrace(data);
const nodes = readSpotTrace(data);
const [small, medium, large] = ["gpt-s", "gpt-m", "gpt-l"].map(model) as [ModelSpec, ModelSpec, ModelSpec];
const testbed = hardware("rtx3090");

const figures = [
  () => singleFailures([small, medium, large], testbed, routing),
  () => multiNodeFailures([small, large], routing),
  () => spotInstances([small, medium, large], testbed, routing, nodes),
  () => loadImbalance(medium, testbed),
  () => tutel([small, large], hardware("a10g"), routing),
  () => deepSeek(model("deepseek-v3"), hardware("h200")),
].map((reproduce) => reproduce());

const comparisons = figures.flatMap((figure) => figure.comparisons);
process.stdout.write(`${comparisonTable(comparisons, paint(process.stdout.isTTY === true))}\n`);
mkdirSync(folder, { recursive: true });
for (const { charts } of figures) {
  for (const [name, spec] of charts) writeFileSync(`${folder}/${name}.svg`, await chartSvg(spec));
}
process.stderr.write(`figures are in ${folder}\n`);

function model(name: string): ModelSpec {
  return modelPreset(name) as ModelSpec;
}

function hardware(name: string): HardwareSpec {
  return hardwarePreset(name) as HardwareSpec;
}
