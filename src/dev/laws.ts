/** `npm run laws`: how often placements of `resilient` break the laws that any result must keep, on random and real instances. */
import { randomSource } from "../core/algorithms/random.ts";
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../core/layout/placement.ts";
import { placeBalanced } from "../core/placement/balanced/placeBalanced.ts";
import { placeEplb } from "../core/placement/eplb/placeEplb.ts";
import { placeLayers } from "../core/placement/placeLayers.ts";
import type { Effort, Shares } from "../core/placement/policy.ts";
import { type ResilientPlacement, resilientPlacement } from "../core/placement/resilient/resilientPlacement.ts";
import { logNormalLayers } from "./logNormalLayers.ts";
import { type Instance, realInstances } from "./realInstances.ts";

const INSTANCES = Number(process.argv[2] ?? 200);
const SHAPES: readonly (readonly [nodes: number, slots: number, gpus: number, experts: number])[] = [
  [4, 6, 1, 8],
  [6, 8, 4, 16],
  [8, 4, 1, 12],
  [10, 6, 1, 16],
  [14, 16, 8, 64],
  [16, 12, 1, 64],
  [16, 16, 8, 96],
  [24, 8, 4, 48],
];
/** A loss may exceed another by so much of it where a law does not hold by construction. */
const TOLERANCE = 0.02;

/** What is asked of one instance. */
interface Asked {
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
  readonly shares: Shares;
  readonly balanceSlack: number;
  readonly effort: Effort;
  readonly startFrom?: readonly (readonly LayerPlacement[])[];
}

const broken = new Map<string, number>();
const random = randomSource(7);
const real = await realInstances();
for (const instance of real) for (const shares of ["free", "even"] as const) check(instance, shares);
for (let i = 0; i < INSTANCES; i++) {
  const [nodes, slots, gpus, experts] = SHAPES[i % SHAPES.length]!;
  const layers = logNormalLayers(1 + random.below(3), experts, 1 + random.below(1_000_000));
  const name = `random ${nodes} x ${slots}`;
  check({ name, cluster: uniformCluster(nodes, slots, gpus), layers }, random.below(2) === 0 ? "free" : "even");
}
process.stdout.write(
  `${INSTANCES} random and ${2 * real.length} real instances; violations of more than ${100 * TOLERANCE} % of the loss:\n`,
);
for (const [law, times] of broken) process.stdout.write(`  ${law}: ${times}\n`);
if (broken.size === 0) process.stdout.write("  none\n");

/** Counts the laws that placements of one instance break. */
function check({ name, cluster, layers }: Instance, shares: Shares): void {
  const asked: Asked = { cluster, layers, shares, balanceSlack: 0.05, effort: "fast" };
  const placed = place(asked);
  const compare = (law: string, noWorse: ResilientPlacement, other: ResilientPlacement) =>
    expect(`${law} (${name}, ${shares} shares)`, noWorse, other);
  compare("a looser limit", place({ ...asked, balanceSlack: 0.2 }), placed);
  compare("no limit", place({ ...asked, balanceSlack: Number.POSITIVE_INFINITY }), placed);
  compare("more effort", place({ ...asked, effort: "normal" }), placed);
  const roomier = cluster.map((node) => ({ ...node, slots: node.slots + node.gpus }));
  compare("one more slot a GPU", place({ ...asked, cluster: roomier }), placed);
  const renamed = layers.map((layer) => ({ ...layer, loads: layer.loads.toReversed() })).toReversed();
  if (place({ ...asked, layers: renamed }).survival !== placed.survival) count(`renaming (${name}, ${shares} shares)`);
  if (!placed.withinBalanceLimit) return;
  const problem = { cluster, layers, minReplicas: 2 };
  const others = {
    mro: placeLayers({ ...problem, allocation: "lazarus", placement: "mro" }).layers,
    spread: placeLayers({ ...problem, allocation: "lazarus", placement: "spread" }).layers,
    eplb: placeEplb({ cluster, layers, groups: 1 }),
    balanced: placeBalanced({ ...problem, shares, effort: "fast", seed: 0 }).layers,
  };
  // Among its starts a plan is measured as the search measures; it must not win. Plans that break the minimum are left out there.
  for (const [policy, plan] of Object.entries(others)) compare(policy, placed, place({ ...asked, startFrom: [plan] }));
}

function place({ cluster, layers, ...options }: Asked): ResilientPlacement {
  return resilientPlacement({ cluster, layers, minReplicas: 2 }, options);
}

/** Counts a violation when what should be no worse breaks limits that the other keeps, or loses more. */
function expect(law: string, noWorse: ResilientPlacement, other: ResilientPlacement): void {
  const [lost, otherLost] = [1 - noWorse.survival, 1 - other.survival];
  if (!other.withinBalanceLimit) return;
  if (!noWorse.withinBalanceLimit || lost > otherLost * (1 + TOLERANCE) + 1e-12) count(law);
}

function count(law: string): void {
  broken.set(law, (broken.get(law) ?? 0) + 1);
}
