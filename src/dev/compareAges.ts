/** How plans age: made for one iteration of the real trace, and replayed on all that were recorded from then on. */
import { readProfile } from "../commands/readProfile.ts";
import { replayLog } from "../commands/replayLog.ts";
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import { type PlacementPolicyName, SHARES } from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";

const POLICIES: readonly PlacementPolicyName[] = ["resilient", "balanced", "eplb", "mro"];
const SLOTS_OF_A_GPU = 6;
const CLUSTERS = [
  { name: "16 nodes of 1 GPU", cluster: uniformCluster(16, SLOTS_OF_A_GPU) },
  { name: "4 nodes of 4 GPUs", cluster: uniformCluster(4, 4 * SLOTS_OF_A_GPU, 4) },
];
const MADE = 201;
const LAST = 5001;

/** README's table, in Markdown: a row a cluster and policy, a column a share model. */
export async function agesTable(trace: string): Promise<string[]> {
  const head = [
    "| cluster | plan | even: when made; p50 / p90 / p99 / worst since | free: when made; p50 / p90 / p99 / worst since |",
    "|---|---|---|---|",
  ];
  const rows: string[] = [];
  for (const { name, cluster } of CLUSTERS) {
    const columns = await Promise.all(SHARES.map((shares) => ages(trace, cluster, shares)));
    const [even, free] = [columns[SHARES.indexOf("even")]!, columns[SHARES.indexOf("free")]!];
    POLICIES.forEach((policy, p) => {
      rows.push(`| ${p === 0 ? name : ""} | \`${policy}\` | ${even[p]} | ${free[p]} |`);
    });
  }
  return [...head, ...rows];
}

/** A cell a policy. */
async function ages(trace: string, cluster: readonly ClusterNode[], shares: (typeof SHARES)[number]): Promise<string[]> {
  const window = { kind: "range", from: MADE, to: MADE } as const;
  const { layers } = await readProfile(trace, { window, byRank: false });
  const failureProbability = defaultFailureProbability(cluster.length);
  const base = { allocation: "lazarus", minReplicas: 2, seed: 0, effort: "fast", failureProbability } as const;
  const plans = POLICIES.map((placement) =>
    makePlacement(cluster, layers, { ...base, placement, ...(placement === "eplb" || placement === "mro" ? {} : { shares }) }),
  );
  const [made, since] = await Promise.all(
    [MADE, LAST].map((to) => replayLog(trace, {}, { kind: "range", from: MADE, to }, plans, shares, [])),
  );
  return plans.map((_, p) => {
    const { p50, p90, p99, max } = since!.ages[p]!.steps;
    return `${made!.ages[p]!.steps.p50.toFixed(3)}; ${[p50, p90, p99, max].map((figure) => figure.toFixed(3)).join(" / ")}`;
  });
}
