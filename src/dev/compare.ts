/** `npm run compare`: what each placement policy survives, and at which balance, on the real routing trace. */
import { existsSync } from "node:fs";
import { readProfile } from "../commands/readProfile.ts";
import { uniformCluster } from "../core/cluster.ts";
import { assess } from "../core/placement/assess.ts";
import { makePlacement, type PlacementPolicyName } from "../core/placement/makePlacement.ts";
import { topExperts } from "../core/profile/topExperts.ts";
import { paint } from "../report/paint.ts";
import { fixed, percent, textTable } from "../report/table.ts";

const TRACE = "../shared/data/smartmoe/layer_loads.csv.gz";
const CASES = [
  { experts: 8, iteration: 201 },
  { experts: 12, iteration: 201 },
  { experts: 16, iteration: 201 },
  { experts: 16, iteration: 4001 },
];
const POLICIES: readonly PlacementPolicyName[] = ["mro", "spread", "eplb", "balanced", "resilient"];
const FAILED = [2, 3, 4, 5, 6, 7];

if (!existsSync(TRACE)) {
  process.stderr.write(`compare: the real trace is not here (${TRACE}); nothing to compare\n`);
  process.exitCode = 1;
} else await compare();

async function compare(): Promise<void> {
  const cluster = uniformCluster(10, 6);
  const rows: string[][] = [];
  for (const { experts, iteration } of CASES) {
    const window = { kind: "range", from: iteration, to: iteration } as const;
    const { layers } = topExperts(await readProfile(TRACE, { window, byRank: false }), experts);
    for (const placement of POLICIES) {
      const policy = { placement, allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
      const begun = process.cpuUsage();
      const made = makePlacement(cluster, layers, policy);
      const { user, system } = process.cpuUsage(begun);
      const { recovery, survival, balance } = assess(made, policy);
      rows.push([
        placement === POLICIES[0] ? `top ${experts}, iteration ${iteration}` : "",
        placement,
        ...FAILED.map((failed) => percent(recovery.failures[failed - 1]?.probability ?? 0, 1)),
        (1 - survival.probability).toExponential(1),
        fixed(balance.even, 3),
        fixed(balance.optimal, 3),
        fixed((user + system) / 1000, 0),
      ]);
    }
  }
  const columns = [
    { head: "input", align: "left" as const },
    { head: "policy", align: "left" as const },
    ...FAILED.map((failed) => ({ head: `${failed} fail` })),
    { head: "lost at p=0.1" },
    { head: "even" },
    { head: "best balance" },
    { head: "CPU ms" },
  ];
  process.stdout.write(`10 nodes of 6 slots, 12 layers jointly, at least 2 replicas; worst layer's balance\n\n`);
  process.stdout.write(`${textTable(columns, rows, paint(process.stdout.isTTY === true))}\n`);
}
