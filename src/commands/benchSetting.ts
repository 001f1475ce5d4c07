/** What bench computes on, from its options. */

import { type LayerForm, layerForm, layerFormText } from "../core/cost/layerForm.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { UsageError } from "../errors.ts";
import { type BenchSizes, defaultSizes } from "../formats/benchSizes.ts";
import type { BenchDocument } from "../formats/documents/bench.ts";
import { type BenchSetting, drawnHostSets } from "../gpu/benchKernels.ts";
import { checkLayerShape, type LayerShape, plainForm } from "../gpu/layerShape.ts";
import { type BenchPlan, readPlan } from "./readPlan.ts";
import { namingRefusals } from "./refusals.ts";

/** Copies of each expert where no plan says how many. */
const COPIES = 3;

interface SettingOptions {
  readonly sizes: Partial<BenchSizes> | undefined;
  readonly plan: string | undefined;
  readonly seed: number;
}

/**
 * Puts sizes together: what the user types beats the plan, the plan the model, the model the defaults.
 * @throws UsageError when sizes do not fit each other; InputError on a bad plan
 */
export async function benchSetting(
  options: SettingOptions,
  model: ModelSpec | undefined,
): Promise<{ setting: BenchSetting; layer: string; plan: BenchDocument["plan"] }> {
  const { sizes: typed = {}, seed } = options;
  const sizes: BenchSizes = { ...defaultSizes, ...(model && modelSizes(model)), ...typed };
  const plan = options.plan === undefined ? undefined : await readPlan(options.plan, sizes.tokens);
  if (plan) refusePlanned(typed, plan);
  const { hidden, feedforward: feedForward, samples } = sizes;
  const received = plan?.busiest.received;
  const whole = model ? layerForm(model) : plainForm;
  const form = plan ? withoutGroups(whole) : whole;
  const shape: LayerShape = {
    hidden,
    feedForward,
    // A row that a rank receives is for one expert, and the router sees the tokens of these rows.
    ...(plan && received
      ? { tokens: received.reduce((sum, chunk) => sum + chunk.tokens, 0), experts: plan.busiest.experts, topK: 1 }
      : { tokens: sizes.tokens, experts: sizes.experts, topK: sizes.topk }),
  };
  const setting = () => {
    checkLayerShape(shape, form);
    const recovery = { ...(plan?.hosts ?? drawnHosts(sizes, seed)), samples };
    const { layer, rank, maxOverMean } = plan?.busiest ?? {};
    return {
      setting: { shape, form, ...(received ? { received } : {}), recovery, seed },
      layer: `${model?.name ?? "as in Mixtral"}: ${layerFormText(form)}`,
      plan: layer === undefined || rank === undefined || maxOverMean === undefined ? undefined : { layer, rank, maxOverMean },
    };
  };
  return namingRefusals(setting, ({ message }) => new UsageError(`--sizes: ${message}`));
}

function drawnHosts({ nodes, sets }: BenchSizes, seed: number): NonNullable<BenchPlan["hosts"]> {
  return { nodes, hostSets: drawnHostSets(sets, COPIES, nodes, seed) };
}

function modelSizes(model: ModelSpec): Partial<BenchSizes> {
  const feedforward = model.architecture === "gpt" ? 4 * model.hidden : model.expertFeedForward;
  return { hidden: model.hidden, feedforward, experts: model.experts, topk: model.topK };
}

/** A size that the plan decides cannot be typed as well. */
function refusePlanned(typed: Partial<BenchSizes>, plan: BenchPlan): void {
  const decided = ["experts", "topk", ...(plan.hosts ? ["nodes", "sets"] : [])];
  const twice = decided.find((name) => name in typed);
  if (twice !== undefined) throw new UsageError(`--sizes ${twice}: --plan decides this; leave it out`);
}

/** A rank's own experts are no whole groups. */
function withoutGroups({ gate: { groups: _, ...gate }, ...form }: LayerForm): LayerForm {
  return { ...form, gate };
}
