/** From a placement and a change of nodes to a recovery-plan. */
import { type ClusterNode, totalSlots } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import type { Effort } from "../core/placement/balanced/efforts.ts";
import { choosesReplicas, type PlacementPolicyName, type Policy, sharesOf } from "../core/placement/makePlacement.ts";
import { nearestPlacement } from "../core/reconfigure/nearestPlacement.ts";
import { type Reconfiguration, reconfigure } from "../core/reconfigure/reconfigure.ts";
import { type Rehearsal, rehearsalOf } from "../core/reconfigure/rehearsal.ts";
import { type LostExpert, survivors } from "../core/reconfigure/survivors.ts";
import { UsageError } from "../errors.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import type { RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { placementDocument, policyOf } from "../formats/placementDocument.ts";
import { type JoinedOptions, joinedNodes } from "./joinedNodes.ts";
import { placeResidents } from "./placeResidents.ts";

/** What happened, and how to go on. */
export interface RecoveryOptions extends JoinedOptions {
  readonly placement: PlacementPolicyName | undefined;
  readonly mapping: "greedy" | "optimal";
  /** How long to search for a new placement, where the policy searches. */
  readonly effort: Effort;
  /** Most transfers; the best plan within them. */
  readonly maxMoves: number | undefined;
  /** Whether experts may wait in host memory when the slots do not hold all. */
  readonly spill: boolean;
  readonly expertBytes: number;
  /** Bytes per second that a node sends, and receives. */
  readonly bandwidth: number;
  readonly detectSeconds: number;
  readonly regroupSeconds: number;
  /** Is called now and then while a placement is sought. */
  readonly watch?: () => void;
}

/** A recovery-plan, and how to act it out when there is something to act out. */
export interface PlannedRecovery {
  readonly document: RecoveryPlanDocument;
  readonly rehearsal?: () => Rehearsal;
}

/**
 * Plans a recovery.
 * @param failedNames nodes of the placement that failed
 * @param newer loads to place by instead of the placement's own
 * @throws UsageError when joined nodes, loads or the policy do not fit the placement
 */
export function planRecovery(
  document: PlacementDocument,
  failedNames: readonly string[],
  options: RecoveryOptions,
  newer: readonly LayerLoads[] | undefined,
): PlannedRecovery {
  const old = placementOf(document);
  const failed = failedNames.map((name) => old.cluster.findIndex((node) => node.name === name));
  const joined = joinedNodes(old.cluster, failedNames, options);
  const header = {
    type: "recovery-plan" as const,
    version: 1 as const,
    failed: failed.map((node) => (old.cluster[node] as ClusterNode).name),
    joined: joined.map((node) => node.name),
  };
  const lostForGood = (lost: readonly LostExpert[], reason: string): PlannedRecovery => ({
    document: { ...header, recoverable: false, lost: [...lost], reason },
  });
  if (failed.length === old.cluster.length) {
    const lost = old.layers.flatMap(({ layer, loads }) => loads.map((_, expert) => ({ layer, expert })));
    return lostForGood(lost, "every node failed; restart from a checkpoint");
  }
  const live = survivors(old, failed, joined);
  if (live.lost.length > 0) {
    return lostForGood(live.lost, `${live.lost.length} experts have no live replica; restart from a checkpoint`);
  }
  const loads = newer === undefined ? old.layers : matchingLoads(old.layers, newer);
  const slots = totalSlots(live.cluster);
  const experts = Math.max(...loads.map((layer) => layer.loads.length));
  if (slots < experts && !options.spill) {
    return lostForGood(
      [],
      `the live nodes have ${slots} slots for ${experts} experts; add nodes (--joined), or keep cold experts in host memory (--spill cpu)`,
    );
  }
  const policy = { ...newPolicy(document, options), watch: options.watch };
  const { mapping, maxMoves } = options;
  const isRepairable = mapping === "optimal" && policy.placement === document.policy.placement && slots >= experts;
  const anew = () => placeResidents(live.cluster, loads, policy);
  const { placement: plan, isNearest } = isRepairable
    ? nearestPlacement({ old, survivors: live, loads, policy }, anew)
    : { placement: anew(), isNearest: false };
  const change = reconfigure({
    survivors: live,
    plan: plan.layers,
    mapping,
    keepDomains: policy.failureUnit === "domain",
    ...(mapping === "optimal" && !isNearest ? { exchange: sharesOf(policy) } : {}),
    ...(maxMoves === undefined ? {} : { maxMoves }),
  });
  const placed = placementDocument({ ...plan, layers: change.placement.layers, spilled: change.spilled }, policy);
  const plannedDocument = {
    ...header,
    recoverable: true,
    lost: [],
    ...(placed.spilled === undefined ? {} : { spilled: placed.spilled }),
    placement: placed,
    moved: change.transfers.length,
    ...transferFields(change, live.cluster, options),
  };
  return { document: plannedDocument, rehearsal: () => rehearsalOf(old, live, change, old.spilled) };
}

function transferFields(
  { transfers, rounds, lowerBoundRounds }: Reconfiguration,
  cluster: readonly ClusterNode[],
  { expertBytes: bytes, bandwidth, detectSeconds, regroupSeconds }: RecoveryOptions,
): Pick<RecoveryPlanDocument, "transfers" | "time"> {
  const name = (node: number) => (cluster[node] as ClusterNode).name;
  const roundSeconds = bytes / bandwidth;
  return {
    transfers: transfers.map(({ layer, expert, from, to, round }) => ({
      layer,
      expert,
      from: name(from),
      to: name(to),
      bytes,
      round,
    })),
    time: {
      detectSeconds,
      regroupSeconds,
      transferSeconds: rounds * roundSeconds,
      lowerBoundSeconds: lowerBoundRounds * roundSeconds,
    },
  };
}

/** The policy that made the old placement, unless the user names another. */
function newPolicy(document: PlacementDocument, { placement, effort }: RecoveryOptions): Policy {
  const policy = policyOf(document, placement);
  if (policy === undefined) {
    throw new UsageError(
      `the placement was made by "${document.policy.placement}", which is none of ours; name a policy for the new one with --placement`,
    );
  }
  return choosesReplicas(policy) ? { ...policy, effort } : policy;
}

/** The newer loads of the placement's layers. */
function matchingLoads(old: readonly LayerLoads[], newer: readonly LayerLoads[]): LayerLoads[] {
  return old.map(({ layer, loads }) => {
    const found = newer.find((candidate) => candidate.layer === layer);
    if (found === undefined) throw new UsageError(`--profile: the profile has no layer ${layer}; make it from the same model`);
    if (found.loads.length !== loads.length) {
      throw new UsageError(
        `--profile: layer ${layer} has ${found.loads.length} experts, the placement ${loads.length}; make it from the same model`,
      );
    }
    return { layer, loads: found.loads };
  });
}
