/** lazarus profile-load: from a routing log to the load of every expert in a window of iterations. */
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import { selectLayers } from "../core/profile/selectLayers.ts";
import { topExperts } from "../core/profile/topExperts.ts";
import type { WindowMethod } from "../core/profile/windowLoads.ts";
import { InputError, UsageError } from "../errors.ts";
import { checkLoadProfile, type LoadProfileDocument, loadProfileDocument } from "../formats/documents/loadProfile.ts";
import { parseCount, parseIdList, parseNumber } from "../formats/units.ts";
import { defineCommand } from "./command.ts";
import { driftOption, driftRenderers, readDrift } from "./driftOption.ts";
import { followedInput, followOption, untilItStops } from "./followLog.ts";
import { type ForecastOptions, forecastOptions, readForecasts } from "./forecastLoads.ts";
import { isFor } from "./needs.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { numberingOptions, numberingSettings } from "./planOptions.ts";
import { plotOption } from "./plotOption.ts";
import { profileSketch } from "./profileSketch.ts";
import { readProfiles, windowOption } from "./readProfile.ts";
import { namingRefusals } from "./refusals.ts";
import { routingInputOptions, routingInputSettings } from "./routingInput.ts";
import { warn } from "./warn.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";

export const profileLoad = defineCommand({
  name: "profile-load",
  summary: "measure how many tokens every expert gets, from a routing log",
  examples: [
    {
      says: "How skewed is the routing? The last 100 recorded iterations, as a table and as a picture",
      line: "lazarus profile-load routing.csv.gz --window last:100 --format table --plot loads.html",
    },
    { says: "Profile and place", line: "lazarus profile-load routing.csv | lazarus place -n 10 -c 6" },
    {
      says: "A folder of TensorRT-LLM's expert statistics, written without its load balancer",
      line: "lazarus profile-load expert_statistic --physical-to-logical identity",
    },
    {
      says: "A file of SGLang's expert distribution recorder, and its own balancer's input",
      line: "lazarus profile-load expert_distribution_recorder_1764312345.6.pt --format sglang -o counts.json",
    },
    {
      says: "What to expect 100 iterations on, and how far off that has been",
      line: "lazarus profile-load routing.csv --forecast auto --horizon 100 --backtest -o expected.json",
    },
    { says: "One document for every 50 iterations, a line each", line: "lazarus profile-load routing.csv --every 50" },
    {
      says: "While a job runs: does it pay to move experts? A decision every 50 recorded iterations, the newest plan in plan.json",
      line: "lazarus profile-load routing.csv --every 50 --follow | lazarus recover plan.json --profile - --follow --if-worth --model gpt-l --hardware rtx3090 -o plan.json",
    },
  ],
  description: [
    "Reads a routing log and writes a load-profile: the tokens routed to every expert of every layer in a window of iterations. CSV comes in three layouts, told apart by the header: wide ([iteration,]layer[,rank],e0..eN), long ([iteration,]layer[,rank],expert,tokens in any order) and tokens (iteration,layer[,rank],token,expert, a row for each routed token). JSON is [layers][experts] or [steps][layers][experts]. Gzip is read as it is.",
    "Rows come in order of iteration, so that memory does not grow with the log. Loads are whole numbers: means are rounded by largest remainder, so that each layer's total is kept.",
    "A forecast is a load-profile, too: with what error such forecasts were made on this log so far, and between which loads nine in ten of them lay. Errors are the mean L1 distance of the experts' shares. Trends are damped.",
    "Routing records of other systems are read as they are: a folder of TensorRT-LLM's expert statistics or MindIE's hot spots, Parquet with top-k ids, JSON of Megatron-Core, SGLang and MindSpeed, files of PyTorch (no Python needed: nothing in them is run) and arrays of NumPy. Records that count physical slots need --physical-to-logical. Layers keep the numbers of the system.",
    "The table shows, for every layer, max/mean, the imbalance ratio of TensorRT-LLM (max/mean - 1), the balancedness of SGLang and vLLM (mean/max), the share of the two hottest experts, the coefficient of variation (CV) and the entropy of the shares over that of even ones.",
  ],
  input: "a routing log or load-profile",
  options: {
    ...routingInputOptions,
    window: windowOption,
    every: option({
      argument: "K",
      parse: parseCount(1),
      says: "One document for every K recorded iterations, a line each; the last may stand for fewer.",
    }),
    follow: followOption,
    method: choice({
      choices: ["mean", "sum", "last", "ema"],
      says: "How a window's iterations become one load: their mean or sum, the last one alone, or an exponential moving average. The default is mean.",
    }),
    alpha: option({
      argument: "A",
      fallback: "0.1",
      parse: parseNumber(1e-9, 1),
      says: "Weight of the newest iteration, with --method ema.",
    }),
    "top-experts": option({
      argument: "K",
      parse: parseCount(1),
      says: "Only the K most loaded experts of each layer, renumbered from 0 in the order of their ids.",
    }),
    layers: option({ argument: "LIST", parse: parseIdList, says: "Only these layers, such as 0,3,5-7." }),
    ...forecastOptions,
    drift: driftOption,
    "by-rank": toggle({ says: "Keep the source ranks apart; needs a rank column." }),
    plot: plotOption(
      "a heat map of layers and experts, by id and the hottest first; with --every also how far loads move from window to window; with --drift distances, balance and half-lives by layer",
    ),
    ...outputOptions,
    format: choice({
      choices: ["json", "csv", "table", "sglang"],
      says: "How to write the result: json for the next command, csv as flat rows, table for people, sglang as counts for SGLang's own balancer (--init-expert-location). Default: table on a terminal, json on a pipe.",
    }),
    ...numberingOptions,
  },
  needs: [{ options: ["alpha"], isMet: ({ method }) => method === "ema", says: isFor("--method ema") }],
  run: async (options, file) => {
    if (options.format === "sglang" && options["by-rank"])
      throw new UsageError("--by-rank: SGLang's counts have no source ranks; leave it out, or ask for --format json or csv");
    const { window, every, method, alpha, layers, "top-experts": top, "by-rank": byRank } = options;
    const windowMethod: WindowMethod | undefined = method && (method === "ema" ? { kind: method, alpha } : { kind: method });
    const input = followedInput(options, file);
    const profileOptions = { ...routingInputSettings(options), input, window, every, method: windowMethod, byRank };
    if (options.drift) {
      refuseWithDrift(options);
      return writeDocuments(options, driftRenderers, async (write) => {
        await write(await readDrift(file, { ...profileOptions, layers }));
        return 0;
      });
    }
    const forecast = forecastAsked(options, profileOptions);
    return writeDocuments(options, renderers(options), async (write) => {
      await untilItStops(async () => {
        for await (const profile of forecast ? readForecasts(file, forecast) : readProfiles(file, profileOptions)) {
          await write(loadProfileDocument(reduced(profile, file ?? "-", layers, top)));
        }
      });
      return 0;
    });
  },
});

function renderers(
  options: OptionValues<typeof numberingOptions> & { readonly layers: readonly number[] | undefined },
): Renderers<LoadProfileDocument> {
  return {
    check: checkLoadProfile,
    csv: async () => (await import("../formats/loadProfileCsv.ts")).loadProfileCsv(),
    table: async () => {
      const { profileTable } = await import("../report/profileTable.ts");
      return (profile, paint, width) => profileTable(profile, paint, width, options.layers !== undefined);
    },
    usualName: "profile.json",
    picture: profileSketch,
    others: {
      sglang: async () => {
        const { encodeLogicalCount } = await import("../formats/logicalCount.ts");
        const numbering = numberingSettings(options);
        return (profile) => [encodeLogicalCount(profile, numbering, (message) => warn(`--format sglang: ${message}`))];
      },
    },
  };
}

/** @throws UsageError for options that say nothing about drift */
function refuseWithDrift(options: Readonly<Record<string, unknown>>): void {
  const useless = ["method", "top-experts", "forecast", "horizon", "backtest", "origins", "by-rank"].find(
    (name) => options[name],
  );
  const sglang = options["format"] === "sglang" ? "format sglang" : undefined;
  if (useless ?? sglang) throw new UsageError(`--drift measures changes, not loads: leave out --${useless ?? sglang}`);
}

/** What to forecast, where that is asked for. @throws UsageError for options that do not go with it */
function forecastAsked(
  options: OptionValues<typeof forecastOptions> & { readonly format: string | undefined; readonly method: string | undefined },
  input: Omit<ForecastOptions, keyof typeof forecastOptions>,
): ForecastOptions | undefined {
  const { forecast, horizon, backtest, origins, format, method } = options;
  if (forecast === undefined && horizon === undefined && !backtest && origins === undefined) return undefined;
  if (method !== undefined) throw new UsageError(`--method ${method} measures, --forecast looks ahead: leave one of them out`);
  if (input.byRank) throw new UsageError("--by-rank: where tokens will come from is not forecast; leave it out");
  if (format === "csv") warn("--format csv carries a forecast's loads; its errors, quantiles and scenarios are in JSON only");
  return { ...input, forecast, horizon, backtest, origins };
}

/** The layers and experts that were asked for. */
function reduced(
  profile: LoadProfile,
  file: string,
  layers: readonly number[] | undefined,
  top: number | undefined,
): LoadProfile {
  const chosen = () => {
    const selected = layers === undefined ? profile : selectLayers(profile, layers);
    return top === undefined ? selected : topExperts(selected, top);
  };
  return namingRefusals(chosen, ({ message }) => new InputError(message, { file }));
}
