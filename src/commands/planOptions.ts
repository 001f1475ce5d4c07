/** Plans of other systems on the command line: written by --format, read in place of a placement. */

import type { Shares } from "../core/placement/policy.ts";
import { UsageError } from "../errors.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import { type LayerNumbering, type PlanSystem, planSystems } from "../formats/plans/plan.ts";
import { parseCount, parseIdList } from "../formats/units.ts";
import { isFor, type Need } from "./needs.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { warn } from "./warn.ts";
import { outputOptions, type Renderers } from "./writeDocuments.ts";

/** How layers are numbered in plans of other systems. */
export const numberingOptions = {
  "num-dense-layers": option({
    argument: "N",
    parse: parseCount(0, 10_000),
    says: "Dense layers that the model has before its first MoE layer, for sglang and trtllm plans, which count all layers; none unless said, or known from place's --model.",
  }),
  "moe-layers": option({
    argument: "LIST",
    parse: parseIdList,
    says: "Layers of the model that have experts, where dense ones lie between them, such as 1-47:2 (every other one) or 3-5,8; the profile numbers them so, or from --layer-base on.",
  }),
  "layer-base": option({
    argument: "N",
    fallback: "0",
    parse: parseCount(0, 1_000_000),
    says: "Number that the load-profile gives to the first MoE layer, for plans of other systems.",
  }),
};

/** What plans of other systems alone need to be told, for commands that refuse it where there is none. */
export const strangersOptions = {
  gpus: option({
    argument: "N",
    parse: parseCount(1),
    says: "GPUs of a node, for plans of other systems that do not say. Default: 1.",
  }),
  ...numberingOptions,
  "layer-base": option({
    argument: "N",
    parse: parseCount(0, 1_000_000),
    says: `${numberingOptions["layer-base"].says} Default: 0.`,
  }),
};

/** @throws UsageError when an option is given of which only plans of other systems ask, and none of the plans is such a one */
export function refuseForOwnPlans(options: Readonly<Record<string, unknown>>, names: readonly string[] = []): void {
  const idle = ["nodes", "cluster", ...Object.keys(strangersOptions), ...names].find((name) => options[name] !== undefined);
  if (idle !== undefined) {
    throw new UsageError(
      `--${idle} is for plans of other systems (SGLang, vllm-ascend, MindIE, TensorRT-LLM, vLLM); a placement of ours says it itself: leave it out`,
    );
  }
}

/**
 * What the options say about layers.
 * @throws UsageError when they contradict each other
 */
export function numberingSettings(
  options: {
    readonly [K in keyof typeof numberingOptions]?: OptionValues<typeof numberingOptions>[K] | undefined;
  },
): LayerNumbering {
  const { "num-dense-layers": denseLayers = 0, "layer-base": layerBase = 0, "moe-layers": moeLayers } = options;
  const first = moeLayers?.[0];
  if (first !== undefined && denseLayers > 0 && denseLayers !== first) {
    throw new UsageError(
      `--num-dense-layers ${denseLayers} and --moe-layers, whose first layer is ${first}, do not agree; leave --num-dense-layers out`,
    );
  }
  return { layerBase, denseLayers, moeLayers };
}

/** Options of commands that write a placement. */
export const planOutputOptions = {
  ...outputOptions,
  format: choice({
    choices: ["json", "csv", "table", ...planSystems],
    says: "How to write the result: json for the next command, csv as flat rows, table for people; or as a plan for another system: sglang (--init-expert-location), ascend (expert map of vllm-ascend and MindIE), trtllm (load balancer YAML of TensorRT-LLM), vllm (lists [layer][slot]). Default: table on a terminal, json on a pipe.",
  }),
  ...numberingOptions,
  "layer-updates-per-iter": option({
    argument: "N",
    fallback: "0",
    parse: parseCount(0, 10_000),
    says: "Layers that TensorRT-LLM may rearrange in every iteration, for --format trtllm; 0 keeps the plan.",
  }),
};

/** Options of these that do something only beside others. */
export const planNeeds: readonly Need<{ readonly format: string | undefined }>[] = [
  {
    options: ["layer-updates-per-iter"],
    isMet: ({ format }) => format === "trtllm",
    says: isFor("--format trtllm"),
  },
];

/**
 * Ways to write a placement for other systems.
 * @param placementOf the placement in a document; nothing where there is none
 */
export function planRenderers<T>(
  options: OptionValues<typeof numberingOptions> &
    Pick<OptionValues<typeof planOutputOptions>, "layer-updates-per-iter"> & { readonly shares?: Shares | undefined },
  placementOf: (document: T) => PlacementDocument | undefined,
): NonNullable<Renderers<T>["others"]> {
  const settings = {
    ...numberingSettings(options),
    layerUpdatesPerIteration: options["layer-updates-per-iter"],
  };
  const renderer = (system: PlanSystem) => async () => {
    const { encodePlan } = await import("../formats/plans/encodePlan.ts");
    return (document: T, first: boolean) => {
      const placement = placementOf(document);
      if (placement?.policy.shares === "free" && options.shares === undefined) warn(freeSharesNote(placement, system));
      const separator = first || system !== "trtllm" ? "" : "---\n";
      return placement === undefined
        ? []
        : [separator + encodePlan(placement, system, settings, (message) => warn(`--format ${system}: ${message}`))];
    };
  };
  return Object.fromEntries(planSystems.map((system) => [system, renderer(system)]));
}

/** What a plan that counts on free shares, because its document says so, is worth where an engine has even ones. */
function freeSharesNote({ balance }: PlacementDocument, system: PlanSystem): string {
  const worth =
    balance === undefined
      ? ""
      : `, ${balance.even.toFixed(3)} of the mean on the busiest GPU instead of ${balance.optimal.toFixed(3)}`;
  return `--format ${system}: this plan counts on free shares (SGLang with --ep-dispatch-algorithm lp) and is less level with even ones${worth}; place or recover with --shares even for those`;
}
