/** What placements of DeepSeek-V3's experts on nodes of 8 GPUs are worth to who serves it: ours beside EPLB's, under both share models. */
import { assess } from "../core/placement/assess.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import { type Policy, type Shares, sharesOf } from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { fixed } from "../report/table.ts";
import { deepSeekInstances } from "./realInstances.ts";

type Plan = readonly [placement: Policy["placement"], shares?: Shares];

const PLANS: readonly Plan[] = [
  ["eplb"],
  ["mro"],
  ["balanced", "even"],
  ["resilient", "even"],
  ["balanced", "free"],
  ["resilient", "free"],
];

/** Heads of the columns of `servingRows`. */
export const servingColumns = [
  { head: "nodes x slots", align: "left" as const },
  { head: "policy", align: "left" as const },
  { head: "made for", align: "left" as const },
  { head: "GPU balance, even" },
  { head: "free" },
  { head: "lost" },
  { head: "tolerates" },
  { head: "CPU s" },
];

/**
 * Plans of all layers at default options, shape [shapes * plans][columns]. Balance is the mean / the worst of the layers; lost is the
 * probability that some expert dies when each node fails with the default probability; CPU is that of the placing alone.
 */
export function servingRows(): string[][] {
  return deepSeekInstances(1).flatMap(({ name, cluster, layers }) =>
    PLANS.map(([placement, shares], i) => {
      const policy: Policy = {
        placement,
        allocation: "lazarus",
        minReplicas: 2,
        seed: 0,
        failureProbability: defaultFailureProbability(cluster.length),
        ...(shares && { shares }),
      };
      const begun = process.cpuUsage();
      const made = makePlacement(cluster, layers, policy);
      const { user, system } = process.cpuUsage(begun);
      const { balance, survival, recovery } = assess(made, policy);
      return [
        i === 0 ? name : "",
        placement,
        sharesOf(policy),
        `${fixed(balance.evenMean, 3)} / ${fixed(balance.even, 3)}`,
        `${fixed(balance.optimalMean, 3)} / ${fixed(balance.optimal, 3)}`,
        (1 - survival.probability).toExponential(2),
        `${recovery.tolerates}`,
        fixed((user + system) / 1e6, 1),
      ];
    }),
  );
}
