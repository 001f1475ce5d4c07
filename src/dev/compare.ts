/**
 * `npm run compare [-- survival|steps|serving|ages]`: what each placement policy survives, at which balance and how fast, and how it ages,
 * on the real routing trace and on DeepSeek-V3's loads.
 */
import { existsSync } from "node:fs";
import { readProfile } from "../commands/readProfile.ts";
import { planCost } from "../core/cost/planCost.ts";
import { stepCostCoefficients, stepParts, stepSeconds } from "../core/cost/stepCost.ts";
import { goodput, trainingCosts } from "../core/cost/trainingCosts.ts";
import { uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { assess } from "../core/placement/assess.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import { paretoFront } from "../core/placement/paretoFront.ts";
import { type PlacementPolicyName, type Policy, sharesOf } from "../core/placement/policy.ts";
import { topExperts } from "../core/profile/topExperts.ts";
import { hardwarePreset, modelPreset } from "../formats/presets/index.ts";
import { paint } from "../report/paint.ts";
import { fixed, percent, textTable } from "../report/table.ts";
import { agesTable } from "./compareAges.ts";
import { servingColumns, servingRows } from "./compareServing.ts";

const TRACE = "../shared/data/smartmoe/layer_loads.csv.gz";
const CASES = [
  { experts: 8, iteration: 201 },
  { experts: 12, iteration: 201 },
  { experts: 16, iteration: 201 },
  { experts: 16, iteration: 4001 },
  { experts: 16, iteration: 201, nodes: 24 },
  { experts: 16, iteration: 201, nodes: 48 },
];
const POLICIES: readonly PlacementPolicyName[] = ["mro", "spread", "eplb", "balanced", "resilient"];
const FAILED = [2, 3, 4, 5, 6, 7];
const NODES = 10;
const SLOTS = 6;
const BASE = { allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;

/** Models with the number of experts of the trace that stand for theirs, and a budget over the step of mro. */
const MODELS = [
  { name: "gpt-s", experts: 8, stepBudget: 0.957 },
  { name: "gpt-m", experts: 12, stepBudget: 0.897 },
  { name: "gpt-l", experts: 16, stepBudget: 0.975 },
];
const FAILURES = [
  { every: "5 minutes", seconds: 300 },
  { every: "40 minutes", seconds: 2400 },
  { every: "day", seconds: 86_400 },
];

if (!existsSync(TRACE)) {
  process.stderr.write(`compare: the real trace is not here (${TRACE}); nothing to compare\n`);
  process.exitCode = 1;
} else {
  if (wanted("survival")) await compareSurvival();
  if (wanted("steps")) await compareSteps();
  if (wanted("serving")) compareServing();
  if (wanted("ages")) process.stdout.write(`${(await agesTable(TRACE)).join("\n")}\n`);
}

/** Whether a part is to be printed: all are unless some are named as arguments. */
function wanted(part: string): boolean {
  return process.argv.length === 2 || process.argv.includes(part);
}

function compareServing(): void {
  const rows = servingRows();
  if (rows.length === 0) return;
  print("DeepSeek-V3, 58 layers of 256 experts, nodes of 8 GPUs, default options; mean / worst layer", servingColumns, rows);
}

async function loadsAt(iteration: number, experts: number): Promise<readonly LayerLoads[]> {
  const window = { kind: "range", from: iteration, to: iteration } as const;
  return topExperts(await readProfile(TRACE, { window, byRank: false }), experts).layers;
}

async function compareSurvival(): Promise<void> {
  const rows: string[][] = [];
  for (const { experts, iteration, nodes = NODES } of CASES) {
    const cluster = uniformCluster(nodes, SLOTS);
    const layers = await loadsAt(iteration, experts);
    for (const placement of POLICIES) {
      const policy = { ...BASE, placement };
      const begun = process.cpuUsage();
      const made = makePlacement(cluster, layers, policy);
      const { user, system } = process.cpuUsage(begun);
      const { recovery, survival, balance } = assess(made, policy);
      rows.push([
        placement === POLICIES[0] ? `top ${experts}, iteration ${iteration}, ${nodes} nodes` : "",
        placement,
        ...FAILED.map((failed) => percent(recovery.failures[failed - 1]?.probability ?? 0, 1)),
        (1 - survival.probability).toExponential(1),
        `${fixed(balance.evenMean, 3)} / ${fixed(balance.even, 3)}`,
        `${fixed(balance.optimalMean, 3)} / ${fixed(balance.optimal, 3)}`,
        fixed((user + system) / 1000, 0),
      ]);
    }
  }
  const columns = [
    { head: "input", align: "left" as const },
    { head: "policy", align: "left" as const },
    ...FAILED.map((failed) => ({ head: `${failed} fail` })),
    { head: "lost at p=0.1" },
    { head: "GPU balance, even" },
    { head: "at best" },
    { head: "CPU ms" },
  ];
  print(`nodes of ${SLOTS} slots, 12 layers jointly, at least 2 replicas; balance of the mean / the worst layer`, columns, rows);
}

/** Step time by parts of the paper's placement and of plans that are faster, safer or both; then the whole front. */
async function compareSteps(): Promise<void> {
  for (const { name, experts, stepBudget } of MODELS) {
    const layers = await loadsAt(201, experts);
    const cluster = uniformCluster(NODES, SLOTS);
    const job = { model: modelPreset(name)!, hardware: hardwarePreset("rtx3090")!, gradientAccumulation: 1 };
    const coefficients = stepCostCoefficients(job.model, job.hardware, NODES);
    const training = trainingCosts(job, NODES);
    const failuresOf = (seconds: number) => trainingCosts(job, NODES, seconds).failures!;
    const resilient: Policy = { ...BASE, placement: "resilient", balanceSlack: Number.POSITIVE_INFINITY, training };
    const plans: readonly (readonly [string, Policy])[] = [
      ["mro", { ...BASE, placement: "mro" }],
      ["resilient", { ...resilient, balanceSlack: 0.02 }],
      [`step budget ${stepBudget}`, { ...resilient, stepBudget }],
      ...FAILURES.map(
        ({ every, seconds }) =>
          [
            `goodput, a failure every ${every}`,
            { ...resilient, objective: "goodput", training: trainingCosts(job, NODES, seconds) },
          ] as const,
      ),
    ];
    const rows = plans.map(([plan, policy]) => {
      const begun = process.cpuUsage();
      const made = makePlacement(cluster, layers, policy);
      const { user, system } = process.cpuUsage(begun);
      const cost = planCost(made, sharesOf(policy));
      const parts = stepParts(coefficients, cost);
      const seconds = stepSeconds(coefficients, cost);
      const { recovery, survival, balance } = assess(made, policy);
      const units = { count: NODES, probability: BASE.failureProbability };
      return [
        plan,
        fixed(seconds, 4),
        ...[parts.overhead + parts.dense + parts.denseSync, parts.experts, parts.allToAll, parts.expertSync].map((part) =>
          fixed(part, 4),
        ),
        ...[2, 3, 4, 5].map((failed) => fixed(recovery.failures[failed - 1]!.probability, 3)),
        fixed(sharesOf(policy) === "free" ? balance.optimal : balance.even, 3),
        ...FAILURES.map((failure) =>
          fixed(goodput(survival.probability, units, seconds, { ...training, failures: failuresOf(failure.seconds) }), 2),
        ),
        fixed((user + system) / 1000, 0),
      ];
    });
    const columns = [
      { head: name, align: "left" as const },
      ...["step s", "fixed", "experts", "all-to-all", "expert sync", "P(2)", "P(3)", "P(4)", "P(5)", "balance"].map((head) => ({
        head,
      })),
      ...FAILURES.map(({ every }) => ({ head: `useful/s, ${every}` })),
      { head: "CPU ms" },
    ];
    print(
      `${name}, top ${experts} of iteration 201, RTX 3090, even sources; no balance limit with a budget or goodput`,
      columns,
      rows,
    );
    const front = paretoFront(cluster, layers, { ...resilient, effort: "fast" });
    const kept = front.filter(({ isOnFront }) => isOnFront).toSorted((a, b) => a.stepSeconds! - b.stepSeconds!);
    print(
      `the front of ${name} at effort fast`,
      [
        { head: "plan", align: "left" as const },
        { head: "asked for", align: "left" as const },
        { head: "step s" },
        { head: "lost at p=0.1" },
      ],
      kept.map(({ plan, asked, stepSeconds, survival }) => [
        plan,
        asked,
        fixed(stepSeconds!, 4),
        (1 - survival).toExponential(1),
      ]),
    );
  }
}

function print(title: string, columns: Parameters<typeof textTable>[0], rows: string[][]): void {
  process.stdout.write(`${title}\n\n${textTable(columns, rows, paint(process.stdout.isTTY === true))}\n\n`);
}
