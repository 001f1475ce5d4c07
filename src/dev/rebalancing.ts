/**
 * `npm run rebalancing`: what it costs to keep plans even while loads drift, on the real routing trace: 16 ranks, even shares, plans
 * made and reviewed by a moving average, judged by every recorded iteration from 201 on.
 */
import { existsSync } from "node:fs";
import { openRoutingInput } from "../commands/routingInput.ts";
import { leastCostAssignment } from "../core/algorithms/assignment.ts";
import { copiesByRank } from "../core/balance/planBalance.ts";
import { evenRankBalance } from "../core/balance/rankBalance.ts";
import { FORECASTERS } from "../core/forecast/forecasters.ts";
import { uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads, Placement } from "../core/layout/placement.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import type { Policy } from "../core/placement/policy.ts";
import { type RebalanceOptions, rebalance } from "../core/rebalance/rebalance.ts";
import { paint } from "../report/paint.ts";
import { fixed, textTable } from "../report/table.ts";

const TRACE = "../shared/data/smartmoe/layer_loads.csv.gz";
const RANKS = 16;
const FIRST = 201;
/** Recorded iterations between reviews: every 50 iterations. */
const REVIEW = 5;
const EPLB: Policy = { placement: "eplb", allocation: "lazarus", minReplicas: 1, seed: 0, failureProbability: 0.1, groups: 1 };
const TOKENS = 2 ** 40;

/** What a strategy makes of a plan at a review; copies fetched. */
interface Reviewed {
  readonly plan: Placement;
  readonly moved: number;
}
type Strategy = (plan: Placement, loads: readonly LayerLoads[]) => Reviewed;

const strategies: readonly (readonly [string, Strategy])[] = [
  ["static", (plan) => ({ plan, moved: 0 })],
  ["anew, every 50", anew],
  ["anew, ratio 1.2", (plan, loads) => (meanRatio(plan, loads) > 1.2 ? anew(plan, loads) : { plan, moved: 0 })],
  ["flexmoe 1.2", incremental({ policy: "flexmoe", threshold: 1.2 })],
  ["flexmoe 1.05", incremental({ policy: "flexmoe", threshold: 1.05 })],
  ["ours 1.2", incremental({ policy: "fewest-moves", threshold: 1.2 })],
  ["ours 1.05, gain 0.01", incremental({ policy: "fewest-moves", threshold: 1.05, leastGain: 0.01 })],
  ["ours 1.05, gain 0.005", incremental({ policy: "fewest-moves", threshold: 1.05, leastGain: 0.005 })],
  ["ours 1.02, gain 0.002", incremental({ policy: "fewest-moves", threshold: 1.02, leastGain: 0.002 })],
];

if (!existsSync(TRACE)) {
  process.stderr.write(`rebalancing: the real trace is not here (${TRACE}); nothing to show\n`);
  process.exitCode = 1;
} else await print(wanted("layers"), wanted("slots") ?? [3, 4, 6]);

/** Numbers after a word of the command line, such as `layers 0,3 slots 4`. */
function wanted(word: string): number[] | undefined {
  const at = process.argv.indexOf(word);
  return at < 0 ? undefined : process.argv[at + 1]?.split(",").map(Number);
}

async function print(only: readonly number[] | undefined, slotCounts: readonly number[]): Promise<void> {
  const log = (await recorded()).map((layers) => layers.filter(({ layer }) => only?.includes(layer) ?? true));
  const rows = strategies.map(([name, strategy]) => [name, ...slotCounts.flatMap((slots) => cells(log, slots, strategy))]);
  const columns = [
    { head: "", align: "left" as const },
    ...slotCounts.flatMap((slots) => [{ head: `${slots} slots` }, { head: "p95" }, { head: "copies" }]),
  ];
  const layers = log[0]!.map(({ layer }) => layer).join(", ");
  process.stdout.write(
    `Busiest of ${RANKS} ranks over the mean, even shares, layers ${layers}, and copies fetched a layer and 100 iterations\n\n${textTable(columns, rows, paint(false))}\n`,
  );
}

/** Loads of every recorded iteration. */
async function recorded(): Promise<LayerLoads[][]> {
  const found = await openRoutingInput(TRACE, { byRank: false });
  if (!("steps" in found)) throw new Error(`${TRACE} is no log`);
  const log: LayerLoads[][] = [];
  for await (const { layers } of found.steps) log.push(layers.map(({ layer, loads }) => ({ layer, loads: Array.from(loads) })));
  return log;
}

function cells(log: readonly (readonly LayerLoads[])[], slots: number, review: Strategy): string[] {
  const cluster = uniformCluster(RANKS, slots);
  const averages = log[0]!.map(() => FORECASTERS.ema.make());
  const expected = () =>
    log[0]!.map(({ layer }, l) => ({
      layer,
      loads: Array.from(averages[l]!.forecast(1), (share) => Math.round(share * TOKENS)),
    }));
  const start = (FIRST - 1) / 10;
  let plan: Placement | undefined;
  let moved = 0;
  const ratios: number[] = [];
  log.forEach((layers, i) => {
    if (plan !== undefined) ratios.push(...ratiosOf(plan, layers));
    layers.forEach(({ loads }, l) => {
      const total = loads.reduce((a, b) => a + b);
      averages[l]!.add(Float64Array.from(loads, (load) => load / total));
    });
    if (i < start || (i - start) % REVIEW !== 0) return;
    if (plan === undefined) plan = makePlacement(cluster, expected(), EPLB);
    else {
      const reviewed = review(plan, expected());
      plan = reviewed.plan;
      moved += reviewed.moved;
    }
  });
  ratios.sort((a, b) => a - b);
  const mean = ratios.reduce((a, b) => a + b) / ratios.length;
  const hundreds = (log.length - 1 - start) / 10;
  return [fixed(mean, 3), fixed(ratios[Math.ceil(ratios.length * 0.95) - 1]!, 3), fixed(moved / log[0]!.length / hundreds, 2)];
}

function ratiosOf({ cluster, layers }: Placement, loads: readonly LayerLoads[]): number[] {
  return layers.map((layer, l) => evenRankBalance(copiesByRank(cluster, layer), loads[l]!.loads, RANKS));
}

function meanRatio(plan: Placement, loads: readonly LayerLoads[]): number {
  return ratiosOf(plan, loads).reduce((a, b) => a + b) / plan.layers.length;
}

/** EPLB's plan for the loads; each layer's ranks are matched with the old ones so that the fewest copies move. */
function anew(plan: Placement, loads: readonly LayerLoads[]): Reviewed {
  const made = makePlacement(plan.cluster, loads, EPLB);
  let moved = 0;
  const layers = made.layers.map((layer, l) => {
    const old = plan.layers[l]!.nodes.map((held) => new Set(held));
    const missing = layer.nodes.map((wanted) =>
      old.map((held) => [...new Set(wanted)].filter((expert) => !held.has(expert)).length),
    );
    const places = leastCostAssignment(Float64Array.from(missing.flat()), RANKS);
    const nodes = new Array<readonly number[]>(layer.nodes.length);
    places.forEach((place, rank) => {
      nodes[place] = layer.nodes[rank]!;
      moved += missing[rank]![place]!;
    });
    return { ...layer, nodes };
  });
  return { plan: { ...made, layers }, moved };
}

function incremental(options: RebalanceOptions): Strategy {
  return (plan, loads) => {
    const { placement, moved } = rebalance(plan, loads, { ...options, minHosts: 1 });
    return { plan: placement, moved };
  };
}
