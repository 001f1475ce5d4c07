/** lazarus bench: how fast the kernels of an MoE layer run here. */

import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import { layerForm } from "../core/cost/layerForm.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { UsageError } from "../errors.ts";
import { benchFromCsv } from "../formats/benchCsv.ts";
import { parseBenchSizes } from "../formats/benchSizes.ts";
import { wrongKind } from "../formats/csv/documentKind.ts";
import { type BenchDocument, checkBench } from "../formats/documents/bench.ts";
import { hardwarePresetNames, modelPresetNames } from "../formats/presets/index.ts";
import { parseCount, parseNameList, parsePercent, UnitError } from "../formats/units.ts";
import { benchKernels, type KernelName, kernelNames } from "../gpu/benchKernels.ts";
import { type BenchResult, benchmark } from "../gpu/benchmark.ts";
import { calibratedHardware, calibrationKernels } from "../gpu/calibration.ts";
import { WrongResult } from "../gpu/checkResult.ts";
import { layerLaunches } from "../gpu/kernels/layer.ts";
import { launchSeconds } from "../gpu/launchOverhead.ts";
import { comparedBy, secondLooks } from "../gpu/regressions.ts";
import { readText } from "../io/input.ts";
import { benchSetting } from "./benchSetting.ts";
import { meantInstead } from "./closestWord.ts";
import { defineCommand } from "./command.ts";
import { checkBaseline, compareWithBaseline } from "./compareWithBaseline.ts";
import { readHardware, readModel } from "./namedSpecs.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { startProgress } from "./progress.ts";
import { readJsonOrCsv } from "./readJsonOrCsv.ts";
import { backendChoice, openWantedBackend, wantedBackends } from "./wantedBackend.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";
import { writeFile } from "./writeFile.ts";

const benchOptions = {
  backend: choice({ choices: wantedBackends, fallback: "auto", says: `What runs the kernels, through gpu.js: ${backendChoice}` }),
  kernels: option({
    argument: "LIST",
    fallback: kernelNames.join(","),
    parse: (text) =>
      parseNameList(text).map((name) => {
        const found = kernelNames.find((kernel) => kernel === name);
        if (found === undefined)
          throw new UnitError(`expected names among ${kernelNames.join(", ")}${meantInstead(name, kernelNames)}`);
        return found;
      }),
    says: "Only these kernels.",
  }),
  sizes: option({
    argument: "NAME=COUNT,...",
    parse: parseBenchSizes,
    says: "Sizes: tokens (of the mean rank, with --plan), hidden, feedforward, experts, topk of the layer; nodes, sets and samples of recovery-mc.",
  }),
  model: option({
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `Take hidden, feedforward, experts and topk from this model: ${modelPresetNames.join(", ")}, or a JSON file like theirs; --sizes overrides them.`,
  }),
  plan: option({
    argument: "FILE",
    parse: (text) => text,
    says: "A placement, recovery-plan or dispatch-plan: the kernels compute what its busiest rank receives in the layer that is shared least evenly, so that a better plan shows as a faster layer; recovery-mc takes its host sets.",
  }),
  repetitions: option({
    argument: "N",
    fallback: "10",
    parse: parseCount(10, 100_000),
    says: "Times every kernel is measured at least; short ones are measured for a tenth of a second.",
  }),
  seed: option({
    argument: "N",
    fallback: "0",
    parse: parseCount(0, 0x7fffffff),
    says: "Seed of the tokens, weights and failure orders.",
  }),
  baseline: option({
    argument: "FILE",
    parse: (text) => text,
    says: "An earlier bench, JSON or CSV: exit with 1 when a kernel's speedup over plain JavaScript has fallen.",
  }),
  "max-regression": option({
    argument: "PERCENT",
    fallback: "10%",
    parse: parsePercent,
    says: "How much of the baseline's speedup may be lost, beside the uncertainty of both runs (at most a tenth).",
  }),
  calibrate: option({
    argument: "FILE",
    writes: true,
    parse: (text) => text,
    says: "Write a hardware file for the simulator with the measured rates and launch times; needs --model, whose layers make up a step.",
  }),
  hardware: option({
    argument: "NAME|FILE",
    fallback: "rtx3090",
    parse: (text) => text,
    says: `Where --calibrate takes what no bench measures, the network's rates and recovery times: ${hardwarePresetNames.join(", ")}, or a JSON file like theirs.`,
  }),
  ...outputOptions,
};

export const bench = defineCommand({
  name: "bench",
  summary: "check and time the kernels of an MoE layer on a GPU or what stands in for it",
  examples: [
    { says: "On the best backend that works here", line: "lazarus bench" },
    { says: "Does a better plan make the layer faster?", line: "lazarus bench --kernels layer --plan placement.json" },
    { says: "In CI, against an earlier run", line: "lazarus bench --backend webasm --baseline bench.json --max-regression 20%" },
  ],
  description: [
    "Runs the kernels of a Mixture-of-Experts layer (router, histogram, dispatch, expert-ffn, combine, and layer, which is all of them without leaving the device) and recovery-mc (Monte Carlo recovery probability) through gpu.js. Every result is compared with a double-precision reference, whole numbers exactly; a wrong result ends the bench and gives no numbers.",
    "Limits: 134,217,728 weights of experts, 68,719,476,736 products a run.",
    "Kernels and plain JavaScript are timed in turn. Times include reading the result back. Inputs, weights and plans are on the device beforehand with webgpu and headlessgl; webasm copies them into its memory with each call, which is part of its times. Rates count products and sums, or bytes of inputs and results, of the algorithm, not of the implementation. Short calls are timed in batches of some milliseconds; the speedup is the median of the ratios of pairs of batches, with an interval that holds the true one in 95 of 100 runs.",
    "--baseline compares speedups: machines differ, ratios less so. On processors these are ratios of processor time, which other work on the machine hardly moves; on GPUs of time by the clock. What is slower than allowed is measured twice more before it fails; a baseline that is known to worse than a tenth is refused.",
  ],
  options: benchOptions,
  exitCodes: {
    1: "Failed: the backend does not work here, a result is wrong, or a kernel is slower than the baseline allows.",
  },
  run: async (options) => {
    if (options.calibrate !== undefined && options.model === undefined) {
      throw new UsageError("--calibrate needs --model: the time of a step's launches depends on its layers");
    }
    const baseline = options.baseline === undefined ? undefined : await readBaseline(options.baseline);
    const document = await measured(options, await readSpecs(options), baseline);
    const asFast =
      baseline === undefined || compareWithBaseline(document, baseline, options.baseline as string, options["max-regression"]);
    await writeDocuments(options, renderers, (write) => write(document));
    return asFast ? 0 : 1;
  },
});

function readBaseline(file: string): Promise<BenchDocument> {
  return readJsonOrCsv(file, {
    json: checkBench,
    csv: async (input, kind) => {
      if (kind !== undefined && kind !== "bench") throw wrongKind(kind, "bench", input.name);
      return benchFromCsv(await readText(input), input.name);
    },
  });
}

const renderers: Renderers<BenchDocument> = {
  check: checkBench,
  csv: async () => (await import("../formats/benchCsv.ts")).benchCsv,
  table: async () => (await import("../report/benchTable.ts")).benchTable,
};

type BenchOptions = OptionValues<typeof benchOptions>;

interface Specs {
  readonly model: ModelSpec | undefined;
  readonly hardware: HardwareSpec;
}

async function readSpecs({ model, hardware }: BenchOptions): Promise<Specs> {
  return {
    model: model === undefined ? undefined : await readModel(model),
    hardware: await readHardware(hardware),
  };
}

/**
 * The document of a bench; what is slower than a baseline allows was measured three times.
 * @throws InputError on a baseline that cannot be compared with
 * @throws MachineError when no backend works as wanted, or a result is wrong
 */
async function measured(
  options: BenchOptions,
  { model, hardware }: Specs,
  baseline: BenchDocument | undefined,
): Promise<BenchDocument> {
  const { setting, layer, plan } = await benchSetting(options, model);
  const kernels = options.calibrate === undefined ? options.kernels : [...new Set([...options.kernels, ...calibrationKernels])];
  const backend = await openWantedBackend(options.backend, "bench runs");
  try {
    const { name, adapter, software } = backend;
    const opened = { backend: name, adapter, software, layer };
    if (baseline) checkBaseline(baseline, options.baseline as string, opened);
    let results: BenchResult[] = [];
    const progress = await startProgress(`measuring on ${backend.name}`, kernels.length, (count) => `${count} kernels`);
    try {
      for (const kernel of benchKernels(kernels, setting)) {
        results.push(await benchmark(backend, kernel, options.repetitions));
        progress.update(results.length);
      }
      if (baseline) {
        const measure = async (kernel: string) => {
          const [again] = benchKernels([kernel as KernelName], setting);
          return benchmark(backend, again!, options.repetitions);
        };
        results = await secondLooks(results, baseline.results, options["max-regression"], comparedBy(opened), measure);
      }
    } finally {
      progress.stop();
    }
    if (options.calibrate !== undefined && model !== undefined) {
      const launch = backend.device === undefined ? 0 : await launchSeconds(backend.device, options.repetitions);
      await writeHardware(
        options.calibrate,
        calibratedHardware(backend.adapter, results, launch, layerLaunches(layerForm(model)), model.layers, hardware),
      );
    }
    return {
      type: "bench",
      version: 1,
      ...opened,
      seed: options.seed,
      ...(plan === undefined ? {} : { plan }),
      results: results.map((result) => ({ ...result, checked: true })),
    };
  } catch (error) {
    if (!(error instanceof WrongResult)) throw error;
    throw new WrongResult(`${backend.name}: ${error.message}; these times would mean nothing`);
  } finally {
    await backend.close();
  }
}

async function writeHardware(file: string, spec: HardwareSpec): Promise<void> {
  await writeFile(file, [`${JSON.stringify(spec, null, 2)}\n`]);
}
