/** `place --from`: a plan that is there brought up to the loads of a profile by few moves. */

import { BALANCE_SLACK, PLACEMENT_POLICIES, POLICY_DEFAULTS } from "../core/placement/policy.ts";
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import { REBALANCING_POLICIES, type RebalancingPolicyName } from "../core/rebalance/rebalance.ts";
import { planRebalance } from "../core/reconfigure/planRebalance.ts";
import { UsageError } from "../errors.ts";
import { hasDeadNodes, type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { placementWithKeptRanks } from "../formats/keptRanks.ts";
import { operationFields } from "../formats/operationFields.ts";
import { placementDocument } from "../formats/placementDocument.ts";
import { policyOf } from "../formats/policyFields.ts";
import { parseCount } from "../formats/units.ts";
import { sizeOfExpert } from "./expertSize.ts";
import { choice, type OptionValues, option } from "./option.ts";
import type { PlannedFor } from "./placedModel.ts";
import { policyOptions } from "./policyOptions.ts";
import { readPlacements } from "./readPlacements.ts";
import { readLoads } from "./readProfile.ts";
import { rebalanceOptions, USUAL_THRESHOLD } from "./rebalanceOptions.ts";
import { namingRefusals } from "./refusals.ts";
import { warn } from "./warn.ts";

/** Policies that go on from a plan. */
const GO_ON = ["resilient", "balanced", ...REBALANCING_POLICIES] as const;

export const fromOptions = {
  placement: choice({
    choices: [...PLACEMENT_POLICIES, ...REBALANCING_POLICIES],
    fallback: POLICY_DEFAULTS.placement,
    says: `${policyOptions.placement.says} flexmoe and fewest-moves go on from a plan (--from).`,
  }),
  from: option({
    argument: "OLD",
    parse: (text) => text,
    says: `Go on from this placement or recovery-plan: few operations for the profile's loads instead of a placement anew, by ${GO_ON.join(", ")} (resilient and balanced level what they can for each copy fetched, under their shares; survival does not fall and the plan's min-replicas are kept). The document lists the operations in order, with the bytes they fetch. With --model and --hardware moves are judged by the time of a layer, otherwise by load.`,
  }),
  ...rebalanceOptions,
  "max-moves": option({
    argument: "N",
    parse: parseCount(0),
    says: "With --from: most copies to fetch.",
  }),
};

type Options = OptionValues<typeof fromOptions> & Readonly<Record<string, unknown>> & { readonly placement: string };

/** The policy that places anew. @throws UsageError for one that needs a plan to go on from */
export function placesAnew<P extends Options>(options: P): P & { readonly placement: (typeof PLACEMENT_POLICIES)[number] } {
  const placement = PLACEMENT_POLICIES.find((name) => name === options.placement);
  if (placement === undefined) throw new UsageError(`--placement ${options.placement} goes on from a plan: pass --from OLD`);
  const alone = (["balance-threshold", "least-gain", "max-moves"] as const).find((name) => options[name] !== undefined);
  if (alone !== undefined) throw new UsageError(`--${alone} is for --from; add that, or leave this out`);
  return { ...options, placement };
}

/** Options that say where or what to place, which the plan says. */
const SAID_BY_THE_PLAN = [
  ...["nodes", "cluster", "slots", "total-slots", "redundant-experts", "survive", "survival", "min-replicas"],
  ...["failure-unit", "failure-probability", "balance-slack", "step-budget", "audit", "pareto", "robust", "profile", "mtbf"],
];

/** Brings the plan up to every profile of the input, one after the other. */
export async function* placedFrom(
  from: string,
  options: Options & { readonly shares: "even" | "free" | undefined; readonly "expert-bytes": number | undefined },
  job: PlannedFor,
  file: string | undefined,
): AsyncGenerator<PlacementDocument> {
  const by = GO_ON.find((name) => name === options.placement);
  if (by === undefined) throw new UsageError(`--from goes with --placement ${GO_ON.join(", ")}, not ${options.placement}`);
  const other = SAID_BY_THE_PLAN.find((name) => options[name] !== undefined && options[name] !== false);
  if (other !== undefined)
    throw new UsageError(`--${other}: --from keeps the nodes and terms of the plan; leave one of them out`);
  const incremental = REBALANCING_POLICIES.find((name) => name === by);
  if (incremental === "flexmoe" && options.shares === "free")
    throw new UsageError("--shares free: flexmoe counts on even shares; take another policy, or leave it out");
  const { "expert-bytes": typedBytes } = options;
  const { bytes: expertBytes, assumed } = sizeOfExpert(typedBytes, job.model);
  let unsaid = assumed;
  let document = await onlyPlan(from);
  for await (const { layers, window } of readLoads(file, "place")) {
    const policy = policyOf(
      document,
      PLACEMENT_POLICIES.find((name) => name === by),
      options.shares,
    );
    if (policy === undefined)
      throw new UsageError(`--placement ${by}: the plan was made by none of our policies; take balanced or resilient`);
    document = gone(document, { by, policy, layers, window }, options, { ...job, expertBytes });
    if (unsaid !== undefined && document.operations?.some(({ bytes }) => bytes > 0)) {
      warn(unsaid);
      unsaid = undefined;
    }
    yield document;
  }
}

function gone(
  document: PlacementDocument,
  {
    by,
    policy,
    layers,
    window,
  }: { readonly by: (typeof GO_ON)[number]; readonly policy: NonNullable<ReturnType<typeof policyOf>> } & Pick<
    LoadProfile,
    "layers" | "window"
  >,
  options: Options,
  { training, expertBytes }: PlannedFor & { readonly expertBytes: number },
): PlacementDocument {
  const old = placementOf(document);
  const usual = by === "resilient" || by === "balanced" ? 1 + BALANCE_SLACK : USUAL_THRESHOLD;
  const threshold = options["balance-threshold"] ?? usual;
  const step = training?.costsOn(old.cluster);
  const done = namingRefusals(
    () =>
      planRebalance({
        old,
        loads: layers,
        by: incrementalOf(by),
        policy: { ...policy, training: step ?? policy.training },
        threshold,
        maxMoves: options["max-moves"],
        leastGain: options["least-gain"],
        step,
        speed: { expertBytes, bandwidth: 1, detectSeconds: 0, regroupSeconds: 0 },
      }),
    ({ message }) => new UsageError(`--from: ${message}`),
  );
  const fetched = done.operations.reduce((sum, operation) => sum + operation.fetched, 0);
  warn(
    done.operations.length === 0
      ? `nothing moves: no layer is above ${threshold}, or nothing evens one that may be done`
      : `${done.operations.length} operations fetch ${fetched} cop${fetched === 1 ? "y" : "ies"}; the document lists them, \`lazarus recover --profile\` plans the transfers, too`,
  );
  const placed = {
    ...placementDocument(done.placement, done.policy, done.figures, { window: window.ofSeveral ? window : undefined }),
    operations: operationFields(done.operations, expertBytes),
  };
  return hasDeadNodes(document) ? placementWithKeptRanks(placed, document) : placed;
}

function incrementalOf(by: (typeof GO_ON)[number]): RebalancingPolicyName {
  return by === "flexmoe" ? by : "fewest-moves";
}

async function onlyPlan(file: string): Promise<PlacementDocument> {
  const unknown = async (): Promise<never> => {
    throw new UsageError("--from goes on from our documents; `lazarus place --audit` makes one of another system's plan");
  };
  const context = { nodes: unknown, loads: unknown, gpus: 1, layerBase: 0, denseLayers: 0 };
  let found: PlacementDocument | undefined;
  for await (const document of readPlacements(file, context)) {
    if (found !== undefined) throw new UsageError("--from: there are several placements; keep one window");
    found = document;
  }
  return found!;
}
