/** Options of `place` that do something only beside others. */
import { choosesReplicas, isLayerwise, PLACEMENT_POLICIES, type PlacementPolicyName } from "../core/placement/policy.ts";
import { isFor, type Need } from "./needs.ts";
import { planNeeds } from "./planOptions.ts";

/** What of the options the needs look at. */
interface PlaceOptions {
  readonly audit: string | undefined;
  readonly from: string | undefined;
  readonly pareto: string | undefined;
  readonly placement: string;
  readonly format: string | undefined;
}

/** Options that make a placement; `--from` refuses those that its plan says. */
const MAKING = [
  ...["slots", "total-slots", "redundant-experts", "survive", "survival", "expert-bytes", "spill", "placement", "allocation"],
  ...["effort", "groups", "min-replicas", "balance-slack", "failure-unit", "objective", "step-budget", "pareto", "robust"],
];

const places =
  (is: (placement: PlacementPolicyName) => boolean) =>
  ({ audit, placement }: PlaceOptions): boolean =>
    audit !== undefined || PLACEMENT_POLICIES.some((name) => name === placement && is(name));

export const placeNeeds: readonly Need<PlaceOptions>[] = [
  {
    options: MAKING,
    isMet: ({ audit }) => audit === undefined,
    says: "says how to make a placement, --audit assesses one: leave one of them out",
  },
  {
    options: ["effort", "seed", "spill"],
    isMet: ({ from }) => from === undefined,
    says: "is for placements that are made anew, --from goes on from one: leave one of them out",
  },
  { options: ["groups"], isMet: places((placement) => placement === "eplb"), says: isFor("--placement eplb") },
  {
    options: ["balance-slack", "failure-unit"],
    isMet: places((placement) => placement === "resilient"),
    says: isFor("--placement resilient"),
  },
  {
    options: ["effort"],
    isMet: places((placement) => choosesReplicas({ placement })),
    says: "is for --placement resilient and balanced, which search; take one of these, or leave this out",
  },
  {
    options: ["allocation"],
    isMet: (options) => options.pareto !== undefined || places(isLayerwise)(options),
    says: "is for --placement mro, spread and compact; the others choose replicas themselves: take one of these, or leave this out",
  },
  ...planNeeds,
];
