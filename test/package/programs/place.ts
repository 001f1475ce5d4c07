import { makePlacement, type Placement, POLICY_DEFAULTS, type Policy, planFigures, uniformCluster } from "lazarus-moe";
import { checkLoadProfile, placementDocument } from "lazarus-moe/formats";

/** A load-profile to a placement on ten nodes of six slots. */
export function place(profile: string): string {
  const { layers } = checkLoadProfile(JSON.parse(profile), "profile.json");
  const policy: Policy = { ...POLICY_DEFAULTS, placement: "mro", failureProbability: 0.1 };
  const made = makePlacement(uniformCluster(10, 6), layers, policy);
  const placement: Placement = made;
  return JSON.stringify(placementDocument(made, policy, planFigures(placement, policy)));
}
