/** The laws that any placement of `resilient` must keep, and which of them break on an instance. */
import type { RandomSource } from "../core/algorithms/random.ts";
import { planBalance } from "../core/balance/planBalance.ts";
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import { hostSets, type LayerLoads, type LayerPlacement } from "../core/layout/placement.ts";
import { placeBalanced } from "../core/placement/balanced/placeBalanced.ts";
import { placeEplb } from "../core/placement/eplb/placeEplb.ts";
import { placeLayers } from "../core/placement/placeLayers.ts";
import { type Effort, keepsBalanceLimit, type Shares } from "../core/placement/policy.ts";
import { type ResilientPlacement, resilientPlacement } from "../core/placement/resilient/resilientPlacement.ts";
import { failureUnits, survivalUnder } from "../core/recovery/failureUnits.ts";
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

type Judged = Pick<ResilientPlacement, "survival" | "withinBalanceLimit">;

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
  const compare = (law: string, noWorse: Judged, other: Judged) => {
    if (!isNoWorse(noWorse, other)) count(law);
  };
  compare("a looser limit", place({ ...asked, balanceSlack: 0.2 }), placed);
  const unlimited = place({ ...asked, balanceSlack: Number.POSITIVE_INFINITY });
  compare("no limit", unlimited, placed);
  compare("more effort", place({ ...asked, effort: "normal" }), placed);
  const roomier = cluster.map((node) => ({ ...node, slots: node.slots + node.gpus }));
  compare("one more slot a GPU", place({ ...asked, cluster: roomier }), placed);
  const renamed = layers.map((layer) => ({ ...layer, loads: layer.loads.toReversed() })).toReversed();
  if (place({ ...asked, layers: renamed }).survival !== placed.survival) count("renaming");
  const problem = { cluster, layers, minReplicas: 2 };
  const others = {
    mro: placeLayers({ ...problem, allocation: "lazarus", placement: "mro" }).layers,
    spread: placeLayers({ ...problem, allocation: "lazarus", placement: "spread" }).layers,
    eplb: placeEplb({ cluster, layers, groups: 1 }),
    balanced: placeBalanced({ ...problem, shares, effort: "fast", seed: 0 }).layers,
  };
  // Plans that break the minimum are no match.
  const plans = Object.entries(others).filter(([, plan]) => plan.flatMap(hostSets).every(({ length }) => length >= 2));
  const startFrom = plans.map(([, plan]) => plan);
  compare("more to start from", place({ ...asked, balanceSlack: Number.POSITIVE_INFINITY, startFrom }), unlimited);
  if (!placed.withinBalanceLimit) return broken;
  for (const [policy, plan] of plans) compare(policy, placed, measured(asked, plan));
  return broken;
}

/** A plan of another policy. */
function measured({ cluster, shares, balanceSlack }: Asked, plan: readonly LayerPlacement[]): Judged {
  const { even, optimal } = planBalance(cluster, plan);
  return {
    survival: survivalUnder(plan.map(hostSets), failureUnits(cluster, { unit: "node" }), 0),
    withinBalanceLimit: keepsBalanceLimit(shares === "even" ? even : optimal, balanceSlack),
  };
}

function place({ cluster, layers, ...options }: Asked): ResilientPlacement {
  return resilientPlacement({ cluster, layers, minReplicas: 2 }, options);
}

/** Whether a placement keeps the limits that another keeps, and does not lose more. */
function isNoWorse(noWorse: Judged, other: Judged): boolean {
  if (!other.withinBalanceLimit) return true;
  const [lost, otherLost] = [1 - noWorse.survival, 1 - other.survival];
  return noWorse.withinBalanceLimit && lost <= otherLost * (1 + TOLERANCE) + 1e-12;
}
