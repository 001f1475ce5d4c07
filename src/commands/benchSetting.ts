/** What bench computes on, from its options. */

import { type LayerForm, layerForm, layerFormText } from "../core/cost/layerForm.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { UsageError } from "../errors.ts";
import { type BenchSizes, defaultSizes, gpuSizes, type TypedSizes } from "../formats/benchSizes.ts";
import type { BenchDocument } from "../formats/documents/bench.ts";
import { modelPreset } from "../formats/presets/index.ts";
import { type BenchSetting, drawnHostSets } from "../gpu/benchKernels.ts";
import {
  checkLayerFits,
  checkRecoveryFits,
  divided,
  EASY_PRODUCTS,
  type LayerLimits,
  mostLimits,
  scaledToFit,
} from "../gpu/layerLimits.ts";
import { checkLayerShape, type LayerShape, plainForm } from "../gpu/layerShape.ts";
import { type BenchPlan, readPlan } from "./readPlan.ts";
import { namingRefusals } from "./refusals.ts";
import { warn } from "./warn.ts";

/** Copies of each expert where no plan says how many. */
const COPIES = 3;

interface SettingOptions {
  readonly sizes: TypedSizes | undefined;
  readonly plan: string | undefined;
  readonly scaling: { readonly name: keyof BenchSizes; readonly values: readonly number[] } | undefined;
  readonly seed: number;
}

/** On what the kernels run, as far as sizes depend on it. */
export interface BenchHost {
  readonly isGpu: boolean;
  readonly largestArrayBytes: number | undefined;
}

/** What is measured, and what the document says about it. */
export interface ChosenSetting {
  readonly setting: BenchSetting;
  readonly layer: string;
  readonly plan: BenchDocument["plan"];
}

/** Sizes for a host; some of them may be replaced, where bench goes through several. */
export type SettingFor = (host: BenchHost, replaced?: Partial<BenchSizes>) => ChosenSetting;

/**
 * Puts sizes together: what the user types beats the plan, the plan the model, the model the defaults. A model too large for the
 * host is scaled, with a line on standard error, unless hidden or feedforward are typed.
 * @returns which sizes on which host; throws a UsageError when sizes do not fit each other or the host
 * @throws UsageError when sizes are typed that something else decides, or that fit on no host; InputError on a bad plan
 */
export async function benchSetting(options: SettingOptions, model: ModelSpec | undefined): Promise<SettingFor> {
  const { sizes: typed = { counts: {} }, scaling, seed } = options;
  const { counts, share } = typed;
  if (share !== undefined && model !== undefined)
    throw new UsageError(`--sizes ${share.model}/${share.by}: --model names the model; leave one of them out`);
  const whole = share === undefined ? model : modelPreset(share.model);
  const plan = options.plan === undefined ? undefined : await readPlan(options.plan, counts.tokens ?? defaultSizes.tokens);
  if (plan) refusePlanned([...Object.keys(counts), ...(scaling ? [scaling.name] : [])], plan);
  if (plan && scaling?.name === "tokens") throw new UsageError("--scaling tokens: --plan decides this; scale another size");
  if (scaling && scaling.name in counts) throw new UsageError(`--sizes ${scaling.name}: --scaling goes through it; leave it out`);
  const anyForm = whole ? layerForm(whole) : plainForm;
  const form = plan ? withoutGroups(anyForm) : anyForm;

  const settingFor: SettingFor = (host, replaced = {}) =>
    namingRefusals(
      () => {
        const limits = limitsOf(host);
        const wanted = { ...counts, ...replaced };
        const base = { ...(host.isGpu ? gpuSizes : defaultSizes), ...(whole && modelSizes(whole, share?.by ?? 1)) };
        const sizes = { ...base, ...wanted };
        const asked = shapeOf(sizes, plan);
        checkLayerShape(asked, form);
        const isOurs = model !== undefined && wanted.hidden === undefined && wanted.feedforward === undefined;
        const easy = { ...limits, products: EASY_PRODUCTS[host.isGpu ? "gpu" : "processor"] };
        // Tokens are the user's or the plan's.
        const shape = isOurs ? { ...scaledToFit(asked, form, easy), tokens: asked.tokens } : asked;
        checkLayerFits(shape, form, limits);
        const hosts = plan?.hosts;
        checkRecoveryFits(hosts?.nodes ?? sizes.nodes, hosts?.hostSets.length ?? sizes.sets, sizes.samples);
        const recovery = { ...(hosts ?? drawnHosts(sizes, seed)), samples: sizes.samples };
        const { layer, rank, maxOverMean, received } = plan?.busiest ?? {};
        return {
          setting: { shape, form, ...(received ? { received } : {}), recovery, seed },
          layer: `${layerName(whole, share?.by ?? Math.round(asked.hidden / shape.hidden))}: ${layerFormText(form)}`,
          plan: layer === undefined || rank === undefined || maxOverMean === undefined ? undefined : { layer, rank, maxOverMean },
        };
      },
      ({ message }) => new UsageError(`--sizes: ${message}`),
    );
  // What fits on no host is refused before any is opened.
  const anyHost = { isGpu: false, largestArrayBytes: undefined };
  for (const value of scaling?.values ?? [undefined]) settingFor(anyHost, scaling && { [scaling.name]: value });
  return settingFor;
}

/** Says that a model was scaled. */
export function warnOfScale(model: ModelSpec | undefined, { setting: { shape } }: ChosenSetting): void {
  if (model === undefined) return;
  const { hidden } = modelSizes(model, 1);
  if (shape.hidden >= hidden) return;
  warn(
    `${model.name} is scaled to what is measured in seconds here: hidden=${shape.hidden},feedforward=${shape.feedForward}, 1/${Math.round(hidden / shape.hidden)} of its own; --sizes says otherwise`,
  );
}

function limitsOf({ largestArrayBytes }: BenchHost): LayerLimits {
  return { ...mostLimits, arrayBytes: Math.min(mostLimits.arrayBytes, largestArrayBytes ?? mostLimits.arrayBytes) };
}

/** A row that a rank receives is for one expert, and the router sees the tokens of these rows. */
function shapeOf(sizes: BenchSizes, plan: BenchPlan | undefined): LayerShape {
  const { hidden, feedforward: feedForward } = sizes;
  if (plan === undefined) return { tokens: sizes.tokens, hidden, feedForward, experts: sizes.experts, topK: sizes.topk };
  const { received, experts } = plan.busiest;
  return { tokens: received.reduce((sum, chunk) => sum + chunk.tokens, 0), hidden, feedForward, experts, topK: 1 };
}

function layerName(model: ModelSpec | undefined, by: number): string {
  if (model === undefined) return "as in Mixtral";
  return by > 1 ? `${model.name}/${by}` : model.name;
}

function drawnHosts({ nodes, sets }: BenchSizes, seed: number): NonNullable<BenchPlan["hosts"]> {
  return { nodes, hostSets: drawnHostSets(sets, COPIES, nodes, seed) };
}

function modelSizes(model: ModelSpec, by: number): Pick<BenchSizes, "hidden" | "feedforward" | "experts" | "topk"> {
  const feedforward = model.architecture === "gpt" ? 4 * model.hidden : model.expertFeedForward;
  return {
    hidden: divided(model.hidden, by),
    feedforward: divided(feedforward, by),
    experts: model.experts,
    topk: model.topK,
  };
}

/** A size that the plan decides cannot be typed as well. */
function refusePlanned(typed: readonly string[], plan: BenchPlan): void {
  const decided = ["experts", "topk", ...(plan.hosts ? ["nodes", "sets"] : [])];
  const twice = decided.find((name) => typed.includes(name));
  if (twice !== undefined) throw new UsageError(`--sizes ${twice}: --plan decides this; leave it out`);
}

/** A rank's own experts are no whole groups. */
function withoutGroups({ gate: { groups: _, ...gate }, ...form }: LayerForm): LayerForm {
  return { ...form, gate };
}
