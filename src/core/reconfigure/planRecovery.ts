/**
 * From a placement and a change of nodes to the new placement and the way there:
 *
 * 1. Who is live: the old nodes without the failed ones, and the nodes that join.
 * 2. Whether training can go on: every expert has a live replica, and a slot (or may wait in host memory).
 * 3. The new placement: what survived, repaired, where that is as good as a new one; otherwise anew.
 * 4. Who plays which part of it, what moves from where to where in which round, and how long that takes.
 */

import { type ClusterNode, totalSlots, withLiveGpus } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { LayerLoads, Placement } from "../layout/placement.ts";
import { type PlanFigures, planFigures } from "../placement/assess.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { type PlacementPolicyName, type Policy, sharesOf } from "../placement/policy.ts";
import { changeGpus, failuresOf, type NodeGpu } from "./changeGpus.ts";
import { type Joining, joinedNodes } from "./joinedNodes.ts";
import type { MappingPolicyName } from "./mapNodes.ts";
import { nearestOnGpus } from "./nearestOnGpus.ts";
import { type NearestPlacement, nearestPlacement } from "./nearestPlacement.ts";
import { placeResidents } from "./placeResidents.ts";
import { type Reconfiguration, reconfigure } from "./reconfigure.ts";
import { type LostExpert, type Survivors, survivors } from "./survivors.ts";

/** What happened, and how to go on. */
export interface RecoveryProblem extends Joining {
  readonly old: Placement;
  /** The policy that made it; nothing when it is none of ours. What it made can be repaired. */
  readonly madeBy?: PlacementPolicyName | undefined;
  /** Nodes of the old placement that failed. */
  readonly failed: readonly number[];
  /** Nodes of the old placement that leave after handing over what they hold; those that failed as well hand nothing over. */
  readonly drained?: readonly number[] | undefined;
  /** GPUs of other nodes that failed; a node goes on with those that are left, and has failed when none is. */
  readonly failedGpus?: readonly NodeGpu[] | undefined;
  /** Dead GPUs that come back, or are replaced the moment they fail; they hold nothing. */
  readonly joinedGpus?: readonly NodeGpu[] | undefined;
  /** Newer loads to place by, of all layers of the placement at least; otherwise its own. */
  readonly loads?: readonly LayerLoads[] | undefined;
  /** Policy of the new placement; without one, only what is lost can be told. */
  readonly policy: Policy | undefined;
  /** Which live node plays which part of a new placement: `optimal` (unless said) moves the fewest replicas. */
  readonly mapping?: MappingPolicyName;
  /** Most transfers; the best plan within them. */
  readonly maxMoves?: number | undefined;
  /** Whether experts may wait in host memory when the slots do not hold all. */
  readonly spill?: boolean;
  readonly speed: RecoverySpeed;
}

/** What the time of a recovery depends on. */
export interface RecoverySpeed {
  /** Bytes of an expert's weights and optimiser state. */
  readonly expertBytes: number;
  /** Bytes per second that a node sends, and receives. */
  readonly bandwidth: number;
  /** Seconds until a failure is noticed, which a planned change need not be, and until new communication groups are formed. */
  readonly detectSeconds: number;
  readonly regroupSeconds: number;
}

/** Where the time of a recovery goes. */
export interface RecoverySeconds extends Pick<RecoverySpeed, "detectSeconds" | "regroupSeconds"> {
  readonly transferSeconds: number;
  /** Transfer time that no schedule of these arrivals from old owners can undercut. */
  readonly lowerBoundSeconds: number;
}

/** A recovery: who joined, and what became of the job. */
export type Recovery = { readonly joined: readonly ClusterNode[] } & (GoesOn | Ends);

/** Training goes on with a new placement. */
export interface GoesOn {
  readonly recoverable: true;
  readonly survivors: Survivors;
  readonly policy: Policy;
  /** On the live nodes, with the experts that wait in host memory; and what it is worth. */
  readonly placement: MadePlacement;
  readonly figures: PlanFigures;
  /** Whether it is what survived, repaired. */
  readonly isRepaired: boolean;
  readonly change: Reconfiguration;
  readonly seconds: RecoverySeconds;
}

/** Training cannot go on from what is live. */
export interface Ends {
  readonly recoverable: false;
  readonly because: "every node failed" | "experts are lost" | "too few slots";
  /** Experts without a live replica, by layer and expert. */
  readonly lost: readonly LostExpert[];
  /** Slots of the live nodes, and experts of the layer that has most. */
  readonly slots: number;
  readonly experts: number;
}

/**
 * Plans a recovery.
 * @throws Infeasible when joined nodes or newer loads do not fit the placement (about `joined`, `slots`, `gpus` or `loads`), a
 *   policy is needed and missing (about `policy`), or it cannot place on the live nodes; RangeError when a failed node does not exist
 */
export function planRecovery(problem: RecoveryProblem): Recovery {
  const { madeBy, policy, mapping = "optimal", maxMoves, spill = false, speed, drained = [] } = problem;
  const { failed, failedGpus } = failuresOf(problem.old.cluster, problem.failed, problem.failedGpus);
  // What GPUs leave behind is a placement like any other; plans are made on live GPUs, which have the same slots.
  const changed = changeGpus(problem.old, failedGpus, problem.joinedGpus);
  const old = { ...changed, cluster: withLiveGpus(changed.cluster) };
  const joined = joinedNodes(changed.cluster, failed, problem);
  const ends = (because: Ends["because"], lost: readonly LostExpert[], slots: number): Recovery => {
    return { joined, recoverable: false, because, lost, slots, experts: mostExperts(old.layers) };
  };
  if (failed.length === old.cluster.length) {
    const lost = old.layers.flatMap(({ layer, loads }) => loads.map((_, expert) => ({ layer, expert })));
    return ends("every node failed", lost, 0);
  }
  if (joined.length === 0 && old.cluster.every((_, node) => failed.includes(node) || drained.includes(node)))
    throw new Infeasible("no node would be left; let others join first", "drained");
  const live = survivors(old, failed, joined, drained);
  const slots = totalSlots(live.cluster);
  if (live.lost.length > 0) return ends("experts are lost", live.lost, slots);
  const loads = problem.loads === undefined ? old.layers : matchingLoads(old.layers, problem.loads);
  const holdsAll = slots >= mostExperts(loads);
  if (!holdsAll && !spill) return ends("too few slots", [], slots);
  if (policy === undefined) throw new Infeasible("a new placement needs a policy", "policy");

  const anew = () => placeResidents(live.cluster, loads, policy);
  // Repair weighs host sets by free shares.
  const isRepairable =
    mapping === "optimal" && policy.placement === madeBy && holdsAll && !(madeBy === "resilient" && sharesOf(policy) === "even");
  const nearest = policy.failureUnit === "gpu" ? nearestOnGpus : nearestPlacement;
  const plan: NearestPlacement = isRepairable
    ? nearest({ old, survivors: live, loads, policy }, anew)
    : { placement: anew(), isRepaired: false, isNearest: false };

  const change = reconfigure({
    survivors: live,
    plan: plan.placement.layers,
    mapping,
    keepDomains: policy.failureUnit === "domain",
    ...(mapping === "optimal" && !plan.isNearest ? { exchange: sharesOf(policy) } : {}),
    ...(maxMoves === undefined ? {} : { maxMoves }),
  });
  if (drained.length > 0) refuseLosses(change);
  const cluster = [...live.cluster.keys()].map((n) => changed.cluster[live.oldNode[n]!] ?? live.cluster[n]!);
  const placement = { ...plan.placement, cluster, layers: change.placement.layers, spilled: change.spilled };
  return {
    joined,
    recoverable: true,
    survivors: { ...live, cluster },
    policy,
    placement,
    figures: planFigures(placement, policy),
    isRepaired: plan.isRepaired,
    change: { ...change, placement: { ...change.placement, cluster } },
    seconds: secondsOf(change, failed.length + failedGpus.length === 0 ? { ...speed, detectSeconds: 0 } : speed),
  };
}

/** Who leaves hands everything over. @throws Infeasible when a plan of few moves, or host memory that nobody else has, does not do so */
function refuseLosses({ placement, spilled }: Reconfiguration): void {
  const waits = new Set(spilled.flatMap(({ layer, expert, nodes }) => (nodes.length > 0 ? [`${layer}/${expert}`] : [])));
  const lost = placement.layers.flatMap(({ layer, replicas }) =>
    replicas.flatMap((copies, expert) => (copies === 0 && !waits.has(`${layer}/${expert}`) ? [`${layer}/${expert}`] : [])),
  );
  if (lost.length > 0)
    throw new Infeasible(
      `${lost.length} experts that only these nodes hold would not be handed over; allow more moves or slots, or drain fewer at a time`,
      "drained",
    );
}

function secondsOf({ rounds, lowerBoundRounds }: Reconfiguration, speed: RecoverySpeed): RecoverySeconds {
  const { expertBytes, bandwidth, detectSeconds, regroupSeconds } = speed;
  const roundSeconds = expertBytes / bandwidth;
  return {
    detectSeconds,
    regroupSeconds,
    transferSeconds: rounds * roundSeconds,
    lowerBoundSeconds: lowerBoundRounds * roundSeconds,
  };
}

function mostExperts(layers: readonly LayerLoads[]): number {
  return Math.max(...layers.map(({ loads }) => loads.length));
}

/** The newer loads of the placement's layers. */
function matchingLoads(old: readonly LayerLoads[], newer: readonly LayerLoads[]): LayerLoads[] {
  return old.map(({ layer, loads }) => {
    const found = newer.find((candidate) => candidate.layer === layer);
    const wrong = (what: string) => new Infeasible(`${what}; make it from the same model`, "loads");
    if (found === undefined) throw wrong(`the profile has no layer ${layer}`);
    if (found.loads.length !== loads.length) {
      throw wrong(`layer ${layer} has ${found.loads.length} experts, the placement ${loads.length}`);
    }
    return { layer, loads: found.loads };
  });
}
