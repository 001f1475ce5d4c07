/**
 * From a placement and a change of nodes to the new placement and the way there:
 *
 * 1. Who is live: the old nodes without the failed ones, and the nodes that join.
 * 2. Whether training can go on: every expert has a live replica, and a slot (or may wait in host memory).
 * 3. The new placement: what survived, repaired where it is, or a new one where its gain is worth its transfers.
 * 4. Who plays which part of it, what moves from where to where in which round, and how long that takes.
 */

import { checkChoice } from "../algorithms/checkChoice.ts";
import { type ClusterNode, totalSlots, withLiveGpus } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { LayerLoads, Placement } from "../layout/placement.ts";
import { type PlanFigures, planFigures } from "../placement/assess.ts";
import { checkPolicy } from "../placement/checkPolicy.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { PLACEMENT_POLICIES, type PlacementPolicyName, type Policy } from "../placement/policy.ts";
import { changeGpus, failuresOf, type NodeGpu } from "./changeGpus.ts";
import { PREFERENCES, type Preference, type Ways } from "./chooseWay.ts";
import { type Joining, joinedNodes } from "./joinedNodes.ts";
import { MAPPING_POLICIES, type MappingPolicyName } from "./mapNodes.ts";
import type { Reconfiguration } from "./reconfigure.ts";
import { type RecoverySeconds, type RecoverySpeed, secondsOf } from "./recoverySeconds.ts";
import type { Restorable } from "./restorable.ts";
import { type LostExpert, type Survivors, survivors } from "./survivors.ts";
import { mostExperts, takeWay } from "./takeWay.ts";
import { type RestoredExpert, tierSeconds } from "./tierSeconds.ts";

export type { RecoverySeconds, RecoverySpeed } from "./recoverySeconds.ts";

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
  /** Whether to repair what survived or to place anew; `auto`, unless said, weighs the two. */
  readonly prefer?: Preference;
  /** Most transfers; the best plan within them. */
  readonly maxMoves?: number | undefined;
  /** Whether experts may wait in host memory when the slots do not hold all. */
  readonly spill?: boolean;
  /** Where experts without a live replica have copies; `speed.rates` has the rates. Host memory fails with its node. */
  readonly restorable?: Restorable | undefined;
  readonly speed: RecoverySpeed;
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
  /** What repairing and placing anew came to, as far as they were looked at, and which it is. */
  readonly ways: Ways;
  readonly change: Reconfiguration;
  readonly seconds: RecoverySeconds;
  /** Experts that lived nowhere. */
  readonly restored: readonly RestoredExpert[];
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
 *   policy is needed and missing (about `policy`), or it cannot place on the live nodes; RangeError when a failed node or a choice does not exist
 */
export function planRecovery(problem: RecoveryProblem): Recovery {
  const { policy, spill = false, speed, drained = [], restorable } = problem;
  if (policy !== undefined) checkPolicy(policy);
  checkChoice("madeBy", problem.madeBy, PLACEMENT_POLICIES);
  checkChoice("mapping", problem.mapping, MAPPING_POLICIES);
  checkChoice("prefer", problem.prefer, PREFERENCES);
  const { failed, failedGpus } = failuresOf(problem.old.cluster, problem.failed, problem.failedGpus);
  // What GPUs leave behind is a placement like any other; plans are made on live GPUs, which have the same slots.
  const changed = changeGpus(problem.old, failedGpus, problem.joinedGpus);
  const old = { ...changed, cluster: withLiveGpus(changed.cluster) };
  const joined = joinedNodes(changed.cluster, failed, problem);
  const ends = (because: Ends["because"], lost: readonly LostExpert[], slots: number): Recovery => {
    return { joined, recoverable: false, because, lost, slots, experts: mostExperts(old.layers) };
  };
  const isRefilled = joined.length > 0 && restorable?.store === true;
  if (failed.length === old.cluster.length && !isRefilled) {
    const lost = old.layers.flatMap(({ layer, loads }) => loads.map((_, expert) => ({ layer, expert })));
    return ends("every node failed", lost, 0);
  }
  if (joined.length === 0 && old.cluster.every((_, node) => failed.includes(node) || drained.includes(node)))
    throw new Infeasible("no node would be left; let others join first", "drained");
  const live = survivors(old, failed, joined, drained, restorable);
  const slots = totalSlots(live.cluster);
  if (live.lost.length > 0) return ends("experts are lost", live.lost, slots);
  const loads = problem.loads === undefined ? old.layers : matchingLoads(old.layers, problem.loads);
  const holdsAll = slots >= mostExperts(loads);
  if (!holdsAll && !spill) return ends("too few slots", [], slots);
  if (policy === undefined) throw new Infeasible("a new placement needs a policy", "policy");

  const { taken, ways } = takeWay({
    ...problem,
    old,
    whole: { ...problem.old, cluster: withLiveGpus(problem.old.cluster) },
    live,
    loads,
    policy,
    holdsAll,
  });
  const { change } = taken;
  if (drained.length > 0) refuseLosses(change, live, problem.maxMoves);
  const cluster = [...live.cluster.keys()].map((n) => changed.cluster[live.oldNode[n]!] ?? live.cluster[n]!);
  const placement = { ...taken.placement, cluster, layers: change.placement.layers, spilled: change.spilled };
  return {
    joined,
    recoverable: true,
    survivors: { ...live, cluster },
    policy,
    placement,
    figures: planFigures(placement, policy),
    ways,
    change: { ...change, placement: { ...change.placement, cluster } },
    restored: tierSeconds(change, speed).restored,
    seconds: secondsOf(change, failed.length + failedGpus.length === 0 ? { ...speed, detectSeconds: 0 } : speed),
  };
}

/**
 * Who leaves hands everything over.
 * @throws Infeasible when a plan of few moves, or host memory that nobody else has, does not do so
 */
function refuseLosses({ placement, spilled }: Reconfiguration, live: Survivors, maxMoves = Infinity): void {
  const waits = new Set(spilled.flatMap(({ layer, expert, nodes }) => (nodes.length > 0 ? [`${layer}/${expert}`] : [])));
  const lost = placement.layers.flatMap(({ layer, replicas }) =>
    replicas.flatMap((copies, expert) => (copies === 0 && !waits.has(`${layer}/${expert}`) ? [`${layer}/${expert}`] : [])),
  );
  if (lost.length === 0) return;
  // Each moves once, and who makes room has a copy elsewhere.
  const only = live.holders.flatMap((experts) => experts.filter((nodes) => nodes.length === 0)).length;
  throw new Infeasible(
    `${lost.length} of ${only} experts that only these nodes hold would not be handed over; ${maxMoves < only ? `allow ${only} moves` : "allow more slots"}, or drain fewer at a time`,
    "drained",
  );
}

/** The newer loads of the placement's layers. */
export function matchingLoads(old: readonly LayerLoads[], newer: readonly LayerLoads[]): LayerLoads[] {
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
