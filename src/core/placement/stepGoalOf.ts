/** The search goal behind a policy that counts step time. */

import { planCost } from "../cost/planCost.ts";
import { stepSeconds } from "../cost/stepCost.ts";
import { goodput } from "../cost/trainingCosts.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { hostSets, type LayerLoads } from "../layout/placement.ts";
import type { FailureUnits } from "../recovery/failureUnits.ts";
import { placeLayers } from "./placeLayers.ts";
import { POLICY_DEFAULTS, type Policy, sharesOf } from "./policy.ts";
import { placeHosts } from "./resilient/search/placeHosts.ts";
import type { Outcome, StepGoal } from "./resilient/stepGoal.ts";

/**
 * What a policy goes after beside survival; nothing when step time does not count.
 * @throws Infeasible when the policy asks for step time or goodput without saying what the job costs, or under even shares
 */
export function stepGoalOf(
  cluster: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
  units: FailureUnits,
): StepGoal | undefined {
  const { objective = POLICY_DEFAULTS.objective, stepBudget, training } = policy;
  const isAimed = objective === "goodput" || stepBudget !== undefined;
  if (isAimed && sharesOf(policy) === "even") {
    throw new Infeasible(
      `${objective === "goodput" ? "objective goodput" : "a step budget"} is searched for with free shares only, and these are even: ask for --shares free, or leave the goal out`,
    );
  }
  if (objective === "goodput") {
    const failures = training?.failures;
    if (training === undefined || failures === undefined) {
      throw new Infeasible("objective goodput needs the costs of training and of failures");
    }
    const worth = ({ survival, seconds }: Outcome) => goodput(survival, units, seconds, { ...training, failures });
    return { costs: training, worth };
  }
  if (stepBudget === undefined) return undefined;
  if (training === undefined) throw new Infeasible("a step budget needs the costs of training");
  const published = placeLayers({ ...policy, placement: "mro", allocation: "lazarus", cluster, layers });
  const hosts = published.layers.map((layer, l) => placeHosts(cluster, layers[l]!, hostSets(layer)));
  // With shares set by the dispatcher, as every plan here is measured, its step may be longer; it is to be within budget 1 all the same.
  const seconds = Math.max(
    stepSeconds(training, planCost({ cluster, layers: published.layers }, "even")),
    stepSeconds(training, planCost({ cluster, layers: hosts }, "free")),
  );
  return { costs: training, budget: stepBudget * seconds };
}
