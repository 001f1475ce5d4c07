/** From a recovery to its document. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { HostMemory } from "../core/placement/assess.ts";
import type { Operation } from "../core/rebalance/operations.ts";
import type { Failures, NodeGpu } from "../core/reconfigure/changeGpus.ts";
import type { Ends, Recovery } from "../core/reconfigure/planRecovery.ts";
import type { Window } from "./csv/windows.ts";
import type { PlacementDocument } from "./documents/placement.ts";
import { NO_HISTORY, type PlanHistory, type RecoveryPlanDocument } from "./documents/recoveryPlan.ts";
import { given } from "./given.ts";
import { withKeptRanks } from "./keptRanks.ts";
import { operationFields } from "./operationFields.ts";
import { placementDocument, withKnownFigures, withReload } from "./placementDocument.ts";

/** What a recovery-plan says of the plan that it was made from. */
export interface PlanOrigin {
  readonly window?: Window | undefined;
  readonly drained?: readonly number[];
  readonly history?: PlanHistory;
  readonly follows?: string | undefined;
  /** What the new placement survives with reload from host memory. */
  readonly hostMemory?: HostMemory | undefined;
  /** The plan whose ranks keep their numbers. */
  readonly ranksOf?: PlacementDocument | undefined;
}

/** What moves. */
export interface RestoredBytes {
  readonly bytes: number;
  readonly ageSeconds?: number | undefined;
}

/**
 * The document of a recovery.
 * @param cluster the old nodes, which failures and joined GPUs are of
 * @param bytes size of a replica on its way
 * @param ageSeconds how old what the store has is
 * @param origin its window is of the placement, where there are several; drained nodes are old ones that leave after handing over what
 *   they hold; history is what came before the old placement, `follows` the SHA-256 of its document
 * @throws UsageError when ranks cannot keep their numbers
 */
export function recoveryPlanDocument(
  recovery: Recovery & { readonly operations?: readonly Operation[] },
  cluster: readonly ClusterNode[],
  { failed, failedGpus }: Failures,
  joinedGpus: readonly NodeGpu[],
  { bytes, ageSeconds, ...origin }: PlanOrigin & RestoredBytes,
): RecoveryPlanDocument {
  const { window, drained = [], history = NO_HISTORY, follows, hostMemory, ranksOf } = origin;
  const nameOf = ({ node, gpu }: NodeGpu) => `${cluster[node]!.name}:${gpu}`;
  const namesOf = (nodes: readonly number[]) => nodes.map((node) => cluster[node]!.name);
  const joined = recovery.joined.map(({ name }) => name);
  const gone = [...new Set([...history.gone, ...namesOf(failed), ...namesOf(drained)])].filter((name) => !joined.includes(name));
  const header = {
    type: "recovery-plan" as const,
    version: 1 as const,
    ...(window && { window }),
    generation: history.generation + 1,
    ...given(follows, "follows"),
    failed: [...namesOf(failed), ...failedGpus.map(nameOf)],
    joined: [...joined, ...joinedGpus.map(nameOf)],
    ...(drained.length === 0 ? {} : { drained: namesOf(drained) }),
    failedSoFar: gone,
  };
  if (!recovery.recoverable) return { ...header, recoverable: false, lost: [...recovery.lost], reason: reasonOf(recovery) };
  const { survivors, policy, placement, figures, change, seconds, ways, operations, restored } = recovery;
  const senders = [...survivors.cluster, ...(survivors.leaving?.cluster ?? [])];
  const name = (node: number) => senders[node]!.name;
  const assessed = placementDocument(placement, policy, figures, { window });
  const placed = hostMemory === undefined ? assessed : withReload(assessed, hostMemory);
  const plan: RecoveryPlanDocument = {
    ...header,
    recoverable: true,
    lost: [],
    ...(placed.spilled === undefined ? {} : { spilled: placed.spilled }),
    placement: placed,
    moved: change.transfers.length,
    transfers: change.transfers.map(({ layer, expert, from, to, round, source }) => ({
      layer,
      expert,
      from: name(from),
      to: name(to),
      bytes,
      round,
      ...given(source, "source"),
    })),
    ...(operations && { operations: operationFields(operations, bytes) }),
    ...(change.restored && {
      restored: restored.map(({ layer, expert, tier, from, to, seconds: after }) => ({
        layer,
        expert,
        tier,
        ...(from === undefined ? {} : { from: name(from) }),
        to: name(to),
        bytes,
        seconds: after,
        ...(tier === "store" && ageSeconds !== undefined && { ageSeconds }),
      })),
    }),
    repair: {
      taken: ways.taken,
      ...(ways.repair && { repair: ways.repair }),
      ...(ways.anew && { anew: ways.anew }),
    },
    time: { ...seconds },
  };
  return ranksOf === undefined ? plan : withKeptRanks(plan, ranksOf);
}

/** The document of a recovery from nothing: the placement goes on as it is. */
export function unchangedPlan(
  placement: PlacementDocument,
  { window, history = NO_HISTORY, follows }: PlanOrigin,
): RecoveryPlanDocument {
  return {
    type: "recovery-plan",
    version: 1,
    ...(window && { window }),
    generation: history.generation + 1,
    ...given(follows, "follows"),
    recoverable: true,
    failed: [],
    joined: [],
    failedSoFar: [...history.gone],
    lost: [],
    ...given(placement.spilled, "spilled"),
    placement: withKnownFigures(placement),
    moved: 0,
    transfers: [],
    time: { detectSeconds: 0, regroupSeconds: 0, transferSeconds: 0, lowerBoundSeconds: 0 },
  };
}

/** Why training cannot go on, and what to do. */
function reasonOf({ because, lost, slots, experts }: Ends): string {
  switch (because) {
    case "every node failed":
      return "every node failed; restart from a checkpoint, on nodes that join: --joined with --restore store=2GBps, or whatever the store gives";
    case "experts are lost":
      return `${lost.length} experts have no live replica; restart from a checkpoint, or restore them (--restore store=2GBps, or whatever the checkpoint store gives)`;
    case "too few slots":
      return `the live nodes have ${slots} slots for ${experts} experts; add nodes (--joined), or keep cold experts in host memory (--spill cpu)`;
  }
}
