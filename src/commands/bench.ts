/** lazarus bench: how fast the kernels of an MoE layer run here. */
import { UsageError } from "../errors.ts";
import { benchFromCsv } from "../formats/benchCsv.ts";
import { parseBenchSizes, parseScaling } from "../formats/benchSizes.ts";
import { wrongKind } from "../formats/csv/documentKind.ts";
import { type BenchDocument, checkBench } from "../formats/documents/bench.ts";
import { hardwarePresetNames, modelPresetNames } from "../formats/presets/index.ts";
import { parseCount, parseNameList, parsePercent, UnitError } from "../formats/units.ts";
import { kernelNames } from "../gpu/benchKernels.ts";
import { readText } from "../io/input.ts";
import { runBench } from "./benchRun.ts";
import { benchSetting } from "./benchSetting.ts";
import { meantInstead } from "./closestWord.ts";
import { defineCommand } from "./command.ts";
import { compareWithBaseline } from "./compareWithBaseline.ts";
import { readHardware, readModel } from "./namedSpecs.ts";
import { isFor } from "./needs.ts";
import { choice, option } from "./option.ts";
import { lastOf, plotOption } from "./plotOption.ts";
import { readJsonOrCsv } from "./readJsonOrCsv.ts";
import { backendChoice, wantedBackends } from "./wantedBackend.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";

const benchOptions = {
  backend: choice({ choices: wantedBackends, fallback: "auto", says: `What runs the kernels, through gpu.js: ${backendChoice}` }),
  kernels: option({
    words: kernelNames,
    severalWords: true,
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
    says: "Sizes: tokens (of the mean rank, with --plan), hidden, feedforward, experts, topk of the layer; nodes, sets and samples of recovery-mc. MODEL/N, such as mixtral/8, is the layer of a preset with hidden and feedforward divided by N.",
  }),
  scaling: option({
    argument: "NAME=COUNT,COUNT,...",
    parse: parseScaling,
    says: "Go through several counts of one of the sizes, such as tokens=64,256,1024: a table of times by size, and --plot.",
  }),
  plot: plotOption("times over the sizes of --scaling"),
  model: option({
    words: modelPresetNames,
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `Take hidden, feedforward, experts and topk from this model: ${modelPresetNames.join(", ")}, or a JSON file like theirs, and compute its gate and experts. hidden and feedforward are divided, with a word, until a run takes seconds; --sizes overrides them.`,
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
    says: "Times every kernel is measured at least; short ones are measured for three tenths of a second.",
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
    words: hardwarePresetNames,
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
    "The layer is that of --model, or of the preset that --sizes names: softmax or sigmoid gates, with biases and limited to groups of experts or not, renormalised or not, GELU or gated experts, shared ones; without either, Mixtral's. Biases are drawn; those of gpt-oss' matrices are left out.",
    "Limits: 2.1 GB of memory, reckoned before any is taken, arrays of 1.1 GB or what the device takes, 68,719,476,736 products a run; what fits instead is said. Without --sizes and --model, GPUs get a larger layer than processors.",
    "Kernels and plain JavaScript are timed in turn. Times include reading the result back. Inputs, weights and plans are on the device beforehand with webgpu and headlessgl; webasm copies them into its memory with each call, which is part of its times. On devices with memory of their own, the time on the device, of all uploads and of the readback are told apart, rates are of the time on the device, and stand beside what the maker says where the card is known. Rates count products and sums, or bytes of inputs and results, of the algorithm, not of the implementation. Short calls are timed in batches of some milliseconds; the speedup is the median of the ratios of pairs of batches, with an interval that holds the true one in 95 of 100 runs.",
    "--baseline compares speedups: machines differ, ratios less so. On processors these are ratios of processor time, which other work on the machine hardly moves; on GPUs of time by the clock. What is slower than allowed is measured twice more before it fails; a baseline that is known to worse than a tenth is refused.",
  ],
  options: benchOptions,
  exitCodes: {
    1: "Failed: the backend does not work here, a result is wrong, or a kernel is slower than the baseline allows.",
  },
  needs: [
    { options: ["max-regression"], isMet: ({ baseline }) => baseline !== undefined, says: isFor("--baseline FILE") },
    { options: ["hardware"], isMet: ({ calibrate }) => calibrate !== undefined, says: isFor("--calibrate FILE") },
  ],
  run: async (options) => {
    if (options.calibrate !== undefined && options.model === undefined) {
      throw new UsageError("--calibrate needs --model: the time of a step's launches depends on its layers");
    }
    if (options.calibrate !== undefined && options.scaling !== undefined) {
      throw new UsageError("--calibrate: rates are of one size; leave --scaling out");
    }
    if (options.plot !== undefined && options.scaling === undefined) {
      throw new UsageError("--plot draws times over sizes; it needs --scaling");
    }
    const { calibrate, scaling, seed, repetitions, kernels, backend } = options;
    const file = options.baseline;
    const known = file === undefined ? undefined : await readBaseline(file);
    const model = options.model === undefined ? undefined : await readModel(options.model);
    const others = await readHardware(options.hardware);
    const document = await runBench({
      backend,
      kernels,
      settingFor: await benchSetting(options, model),
      scaling,
      model,
      repetitions,
      seed,
      baseline: known && { document: known, file: file!, maxRegression: options["max-regression"] },
      calibrate: calibrate === undefined ? undefined : { file: calibrate, others },
    });
    const asFast = known === undefined || compareWithBaseline(document, known, file!, options["max-regression"]);
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
  picture: async () => lastOf((await import("../report/benchPicture.ts")).benchPicture),
  csv: async () => (await import("../formats/benchCsv.ts")).benchCsv,
  table: async () => (await import("../report/benchTable.ts")).benchTable,
};
