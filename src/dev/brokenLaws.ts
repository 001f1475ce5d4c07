/** The laws that any placement of `resilient` must keep, and which of them break on an instance. */
import type { RandomSource } from "../core/algorithms/random.ts";
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../core/layout/placement.ts";
import { placeBalanced } from "../core/placement/balanced/placeBalanced.ts";
import { placeEplb } from "../core/placement/eplb/placeEplb.ts";
import { placeLayers } from "../core/placement/placeLayers.ts";
import type { Effort, Shares } from "../core/placement/policy.ts";
import { type ResilientPlacement, resilientPlacement } from "../core/placement/resilient/resilientPlacement.ts";
import { logNormalLayers } from "./logNormalLayers.ts";
import type { Instance } from "./realInstances.ts";

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
export const TOLERANCE = 0.02;

/** What is asked of one instance. */
interface Asked {
  readonly cluster: readonly ClusterNode[];
  readonly layers: readonly LayerLoads[];
  readonly shares: Shares;
  readonly balanceSlack: number;
  readonly effort: Effort;
  readonly startFrom?: readonly (readonly LayerPlacement[])[];
}

/** Loads, their cluster, and who sets the shares. */
export interface SharedInstance extends Instance {
  readonly shares: Shares;
}

/** The i-th of some random instances, whose shapes take turns. */
export function randomInstance(i: number, random: RandomSource): SharedInstance {
  const [nodes, slots, gpus, experts] = SHAPES[i % SHAPES.length]!;
  const layers = logNormalLayers(1 + random.below(3), experts, 1 + random.below(1_000_000));
  const shares = random.below(2) === 0 ? "free" : "even";
  return { name: `random ${nodes} x ${slots}`, cluster: uniformCluster(nodes, slots, gpus), layers, shares };
}

/** The laws that placements of one instance break. */
export function brokenLaws({ name, cluster, layers, shares }: SharedInstance): string[] {
  const broken: string[] = [];
  const count = (law: string) => broken.push(`${law} (${name}, ${shares} shares)`);
  const asked: Asked = { cluster, layers, shares, balanceSlack: 0.05, effort: "fast" };
  const placed = place(asked);
  const compare = (law: string, noWorse: ResilientPlacement, other: ResilientPlacement) => {
    if (!isNoWorse(noWorse, other)) count(law);
  };
  compare("a looser limit", place({ ...asked, balanceSlack: 0.2 }), placed);
  compare("no limit", place({ ...asked, balanceSlack: Number.POSITIVE_INFINITY }), placed);
  compare("more effort", place({ ...asked, effort: "normal" }), placed);
  const roomier = cluster.map((node) => ({ ...node, slots: node.slots + node.gpus }));
  compare("one more slot a GPU", place({ ...asked, cluster: roomier }), placed);
  const renamed = layers.map((layer) => ({ ...layer, loads: layer.loads.toReversed() })).toReversed();
  if (place({ ...asked, layers: renamed }).survival !== placed.survival) count("renaming");
  if (!placed.withinBalanceLimit) return broken;
  const problem = { cluster, layers, minReplicas: 2 };
  const others = {
    mro: placeLayers({ ...problem, allocation: "lazarus", placement: "mro" }).layers,
    spread: placeLayers({ ...problem, allocation: "lazarus", placement: "spread" }).layers,
    eplb: placeEplb({ cluster, layers, groups: 1 }),
    balanced: placeBalanced({ ...problem, shares, effort: "fast", seed: 0 }).layers,
  };
  // Among its starts a plan is measured as the search measures; it must not win. Plans that break the minimum are left out there.
  for (const [policy, plan] of Object.entries(others)) compare(policy, placed, place({ ...asked, startFrom: [plan] }));
  return broken;
}

function place({ cluster, layers, ...options }: Asked): ResilientPlacement {
  return resilientPlacement({ cluster, layers, minReplicas: 2 }, options);
}

/** Whether a placement keeps the limits that another keeps, and does not lose more. */
function isNoWorse(noWorse: ResilientPlacement, other: ResilientPlacement): boolean {
  if (!other.withinBalanceLimit) return true;
  const [lost, otherLost] = [1 - noWorse.survival, 1 - other.survival];
  return noWorse.withinBalanceLimit && lost <= otherLost * (1 + TOLERANCE) + 1e-12;
}
