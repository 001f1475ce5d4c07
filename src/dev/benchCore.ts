/** `npm run bench:core`: what the core's algorithms cost, in CPU milliseconds; how cost grows is in the rows' sizes. */
import { Bench } from "tinybench";
import { balancedDispatch } from "../core/dispatch/balancedDispatch.ts";
import { rankGroups } from "../core/dispatch/rankGroups.ts";
import { evenRouting } from "../core/dispatch/routing.ts";
import { uniformCluster } from "../core/layout/cluster.ts";
import { type LayerLoads, type LayerPlacement, replicasByRank } from "../core/layout/placement.ts";
import { eplbPlacement } from "../core/placement/eplb/eplbPlacement.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import type { Policy } from "../core/placement/policy.ts";
import { paint } from "../report/paint.ts";
import { fixed, textTable } from "../report/table.ts";
import { logNormalLayers } from "./logNormalLayers.ts";

const base = { allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
const place =
  (nodes: number, slots: number, gpus: number, layers: readonly LayerLoads[], policy: Pick<Policy, "placement" | "effort">) =>
  () =>
    void makePlacement(uniformCluster(nodes, slots, gpus), layers, { ...base, ...policy });

const small = logNormalLayers(12, 16);
const large = logNormalLayers(58, 256);
const wide = uniformCluster(64, 32, 8);
const dispatched = makePlacement(wide, large.slice(0, 1), { ...base, placement: "mro" }).layers[0] as LayerPlacement;
const replicas = replicasByRank(wide, dispatched);
const routing = evenRouting(dispatched.loads, 512);

const tasks: Record<string, () => void> = {
  "eplb, 58 layers x 256 experts, 288 slots, 32 GPUs": () =>
    void eplbPlacement(
      large.map(({ loads }) => loads),
      { slots: 288, groups: 8, nodes: 4, gpus: 32 },
    ),
  "mro, 12 layers x 16 experts, 10 nodes": place(10, 6, 1, small, { placement: "mro" }),
  "resilient fast, 12 layers x 16 experts, 10 nodes": place(10, 6, 1, small, { placement: "resilient", effort: "fast" }),
  "resilient normal, 12 layers x 16 experts, 10 nodes": place(10, 6, 1, small, { placement: "resilient" }),
  ...Object.fromEntries(growth()),
  "resilient fast, 58 layers x 256 experts, 32 nodes x 32 slots": place(32, 32, 8, large, {
    placement: "resilient",
    effort: "fast",
  }),
  "resilient fast, 58 layers x 256 experts, 128 nodes x 32 slots": place(128, 32, 8, large, {
    placement: "resilient",
    effort: "fast",
  }),
  "balanced fast, 58 layers x 256 experts, 32 nodes x 9 slots": place(32, 9, 1, large, { placement: "balanced", effort: "fast" }),
  "balanced dispatch, 256 experts, 512 ranks, 2,048 slots": () => void balancedDispatch(routing, replicas, rankGroups(wide)),
};

const bench = new Bench({ now: cpuMilliseconds, time: 500, iterations: 3, warmupIterations: 1, warmupTime: 0 });
for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
await bench.run();
const rows = bench.tasks.map(({ name, result }) => {
  const latency = "latency" in result ? result.latency : undefined;
  return [name, ...[latency?.min, latency?.p50, latency?.max].map((value) => (value === undefined ? "failed" : fixed(value, 1)))];
});
const columns = [{ head: "task", align: "left" as const }, { head: "min ms" }, { head: "median ms" }, { head: "max ms" }];
process.stdout.write(`CPU time\n\n${textTable(columns, rows, paint(process.stdout.isTTY === true))}\n`);

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** How the cost of `resilient fast` grows, one thing at a time. */
function* growth(): Generator<[string, () => void]> {
  const policy = { placement: "resilient", effort: "fast" } as const;
  const name = (what: string) => `resilient fast, growth: ${what}`;
  for (const nodes of [5, 20, 40, 80]) yield [name(`${nodes} nodes`), place(nodes, 6, 1, small, policy)];
  for (const slots of [3, 12, 24]) yield [name(`${slots} slots a node`), place(10, slots, 1, small, policy)];
  for (const experts of [8, 32, 60]) yield [name(`${experts} experts`), place(10, 12, 1, logNormalLayers(12, experts), policy)];
  for (const layers of [1, 24, 58]) yield [name(`${layers} layers`), place(10, 6, 1, logNormalLayers(layers, 16), policy)];
}
