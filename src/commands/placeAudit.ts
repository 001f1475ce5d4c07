/** `place --audit`: a placement that is there, assessed and explained. */

import type { Placement } from "../core/layout/placement.ts";
import { planFigures } from "../core/placement/assess.ts";
import { explain } from "../core/placement/explain.ts";
import type { AllocationPolicyName, PlacementPolicyName, Policy, Shares } from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { quoteInput, UsageError } from "../errors.ts";
import { hostCopiesOf, type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { withExplanation, withFigures } from "../formats/placementDocument.ts";
import { policyOf } from "../formats/policyFields.ts";
import { type clusterOptions, readNodes } from "./clusterOptions.ts";
import { reloaded } from "./hostCopiesOption.ts";
import type { OptionValues } from "./option.ts";
import type { PlannedFor } from "./placedModel.ts";
import { type numberingOptions, numberingSettings } from "./planOptions.ts";
import { withStopwatch } from "./progress.ts";
import { readLoad } from "./readProfile.ts";
import type { RecoverySampler } from "./recoveryMethod.ts";

/** What of the options is looked at. */
type AuditOptions = Pick<OptionValues<typeof clusterOptions>, "nodes" | "cluster" | "gpus"> &
  OptionValues<typeof numberingOptions> & {
    readonly profile: string | undefined;
    readonly shares: Shares | undefined;
    readonly placement: PlacementPolicyName;
    readonly allocation: AllocationPolicyName;
    readonly seed: number;
    readonly "failure-probability": number | undefined;
    readonly "host-copies": number | undefined;
  };

/** Assesses every placement of a file anew and explains it. */
export async function* auditedPlacements(
  options: AuditOptions,
  { training }: PlannedFor,
  sampler: RecoverySampler | undefined,
  plan: string,
  file: string | undefined,
): AsyncGenerator<PlacementDocument> {
  if (options.profile !== undefined && file !== undefined)
    throw new UsageError(`--profile ${options.profile} and ${quoteInput(file)} both give loads; leave one of them out`);
  const loads = options.profile ?? file;
  const { readPlacements } = await import("./readPlacements.ts");
  let profileRead = false;
  let nodesRead = false;
  const context = {
    nodes: () => {
      nodesRead = true;
      return readNodes(options);
    },
    loads: async () => {
      profileRead = true;
      return loads === undefined ? undefined : (await readLoad(loads, "place")).layers;
    },
    gpus: options.gpus,
    ...numberingSettings(options),
  };
  for await (const document of readPlacements(plan, context)) {
    if (loads !== undefined && !profileRead)
      throw new UsageError(
        `--audit reads ${plan}, which has loads; leave out ${options.profile === undefined ? quoteInput(loads) : "--profile"}`,
      );
    const saysNodes = options.nodes !== undefined ? "nodes" : options.cluster !== undefined ? "cluster" : "gpus";
    if (!nodesRead && (saysNodes !== "gpus" || options.gpus !== 1))
      throw new UsageError(`--audit reads ${plan}, which has nodes and GPUs; leave out --${saysNodes}`);
    const placement = placementOf(document);
    const { minReplicas } = document.policy;
    const shares = options.shares ?? document.policy.shares;
    const known = policyOf(document, undefined, shares);
    const failureProbability =
      options["failure-probability"] ?? known?.failureProbability ?? defaultFailureProbability(placement.cluster.length);
    const policy = {
      ...(known ?? { placement: options.placement, allocation: options.allocation, minReplicas, seed: options.seed, shares }),
      failureProbability,
      training: training?.costsOn(placement.cluster) ?? known?.training,
    };
    const sampled = await sampler?.(placement);
    const figures = planFigures(placement, policy, sampled?.found);
    const copies = options["host-copies"] ?? hostCopiesOf(document);
    const audited = reloaded(withFigures(document, figures, policy, sampled?.backend), placement, policy, copies);
    yield await explained(audited, placement, policy);
  }
}

/** Adds what kills the job first, and what would buy more. */
export function explained(document: PlacementDocument, placement: Placement, policy: Policy): Promise<PlacementDocument> {
  return withStopwatch("explaining", (watch) => withExplanation(document, explain(placement, { ...policy, watch })));
}
