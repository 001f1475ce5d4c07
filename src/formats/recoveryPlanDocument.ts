/** From a recovery to its document. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { Failures, NodeGpu } from "../core/reconfigure/changeGpus.ts";
import type { Ends, Recovery } from "../core/reconfigure/planRecovery.ts";
import type { Window } from "./csv/windows.ts";
import type { RecoveryPlanDocument } from "./documents/recoveryPlan.ts";
import { placementDocument } from "./placementDocument.ts";

/**
 * The document of a recovery.
 * @param cluster the old nodes, which failures and joined GPUs are of
 * @param bytes size of a replica on its way
 * @param window of the placement, where there are several
 */
export function recoveryPlanDocument(
  recovery: Recovery,
  cluster: readonly ClusterNode[],
  { failed, failedGpus }: Failures,
  joinedGpus: readonly NodeGpu[],
  { bytes, window }: { readonly bytes: number; readonly window?: Window | undefined },
): RecoveryPlanDocument {
  const nameOf = ({ node, gpu }: NodeGpu) => `${cluster[node]!.name}:${gpu}`;
  const header = {
    type: "recovery-plan" as const,
    version: 1 as const,
    ...(window && { window }),
    failed: [...failed.map((node) => cluster[node]!.name), ...failedGpus.map(nameOf)],
    joined: [...recovery.joined.map(({ name }) => name), ...joinedGpus.map(nameOf)],
  };
  if (!recovery.recoverable) return { ...header, recoverable: false, lost: [...recovery.lost], reason: reasonOf(recovery) };
  const { survivors, policy, placement, figures, change, seconds, ways } = recovery;
  const name = (node: number) => survivors.cluster[node]!.name;
  const placed = placementDocument(placement, policy, figures, { window });
  return {
    ...header,
    recoverable: true,
    lost: [],
    ...(placed.spilled === undefined ? {} : { spilled: placed.spilled }),
    placement: placed,
    moved: change.transfers.length,
    transfers: change.transfers.map(({ layer, expert, from, to, round }) => ({
      layer,
      expert,
      from: name(from),
      to: name(to),
      bytes,
      round,
    })),
    repair: {
      taken: ways.taken,
      ...(ways.repair && { repair: ways.repair }),
      ...(ways.anew && { anew: ways.anew }),
    },
    time: { ...seconds },
  };
}

/** Why training cannot go on, and what to do. */
function reasonOf({ because, lost, slots, experts }: Ends): string {
  switch (because) {
    case "every node failed":
      return "every node failed; restart from a checkpoint";
    case "experts are lost":
      return `${lost.length} experts have no live replica; restart from a checkpoint`;
    case "too few slots":
      return `the live nodes have ${slots} slots for ${experts} experts; add nodes (--joined), or keep cold experts in host memory (--spill cpu)`;
  }
}
