/** `npm run laws`: how often placements of `resilient` break the laws that any result must keep, on random instances. */
import { randomSource } from "../core/algorithms/random.ts";
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../core/layout/placement.ts";
import { placeLayers } from "../core/placement/placeLayers.ts";
import type { Effort, Shares } from "../core/placement/policy.ts";
import { type ResilientPlacement, resilientPlacement } from "../core/placement/resilient/resilientPlacement.ts";
import { logNormalLayers } from "./logNormalLayers.ts";

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
for (let i = 0; i < INSTANCES; i++) {
  const [nodes, slots, gpus, experts] = SHAPES[i % SHAPES.length]!;
  const layers = logNormalLayers(1 + random.below(3), experts, 1 + random.below(1_000_000));
  const cluster = uniformCluster(nodes, slots, gpus);
  const shares = random.below(2) === 0 ? "free" : "even";
  const asked: Asked = { cluster, layers, shares, balanceSlack: 0.05, effort: "fast" };
  const placed = place(asked);
  expect("a looser limit", place({ ...asked, balanceSlack: 0.2 }), placed);
  expect("no limit", place({ ...asked, balanceSlack: Number.POSITIVE_INFINITY }), placed);
  expect("more effort", place({ ...asked, effort: "normal" }), placed);
  expect("one more slot a GPU", place({ ...asked, cluster: uniformCluster(nodes, slots + gpus, gpus) }), placed);
  const renamed = layers.map((layer) => ({ ...layer, loads: layer.loads.toReversed() })).toReversed();
  const mirrored = place({ ...asked, layers: renamed });
  if (mirrored.survival !== placed.survival) count("renaming");
  for (const placement of ["mro", "spread"] as const) {
    const plan = placeLayers({ cluster, layers, minReplicas: 2, allocation: "lazarus", placement }).layers;
    if (!placed.withinBalanceLimit) continue;
    // Among its starts the plan is measured as the search measures; it must not win.
    expect(placement, placed, place({ ...asked, startFrom: [plan] }));
  }
}
process.stdout.write(`${INSTANCES} instances; violations of more than ${100 * TOLERANCE} % of the loss:\n`);
for (const [law, times] of broken) process.stdout.write(`  ${law}: ${times}\n`);
if (broken.size === 0) process.stdout.write("  none\n");

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
