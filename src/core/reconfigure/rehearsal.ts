/** What a rehearsal of a reconfiguration has to act out. */
import { FREE_SLOT, type Placement, type SpilledExpert } from "../layout/placement.ts";
import type { Reconfiguration } from "./reconfigure.ts";
import type { Survivors } from "./survivors.ts";

/** A replica of an expert of a layer, written `layer/expert`. */
export type ReplicaName = string;

/** One node of a rehearsal. */
export interface RehearsedNode {
  readonly name: string;
  readonly fails: boolean;
  /** Replicas that it holds at first. */
  readonly holds: readonly ReplicaName[];
  /** Replicas that it reads from the store. */
  readonly reads?: readonly ReplicaName[];
  /** Replicas that it must hold in the end; none where it fails. */
  readonly shallHold: readonly ReplicaName[];
}

/** A replica on its way from one node of the rehearsal to another. */
export interface RehearsedTransfer {
  readonly replica: ReplicaName;
  readonly from: number;
  readonly to: number;
}

/** The play: who holds what, who dies, and what then goes where. */
export interface Rehearsal {
  /** Live nodes in their order, then those that leave, who send, then the failed ones. */
  readonly nodes: readonly RehearsedNode[];
  /** Transfers of each round, shape [rounds][transfers]. */
  readonly rounds: readonly (readonly RehearsedTransfer[])[];
}

/**
 * The rehearsal of a reconfiguration, host memory included.
 * @param old placement before the failure
 * @param spilled experts that nodes of the old placement keep in host memory
 */
export function rehearsalOf(
  old: Placement,
  survivors: Survivors,
  change: Reconfiguration,
  spilled: readonly SpilledExpert[] = [],
): Rehearsal {
  const before = replicaNames(old, spilled);
  // A live node whose GPUs failed holds what the others do.
  const alive = replicaNames(survivors, onLiveNodes(spilled, survivors));
  const after = replicaNames(change.placement, change.spilled);
  for (const { layer, index, expert, tier } of survivors.missing ?? []) {
    if (tier === "host") for (const node of survivors.holders[index]![expert]!) alive[node]!.push(`${layer}/${expert}`);
  }
  const reads = survivors.cluster.map(() => [] as ReplicaName[]);
  for (const { layer, expert, tier, to } of change.restored ?? []) if (tier === "store") reads[to]!.push(`${layer}/${expert}`);
  const live = survivors.cluster.map(({ name }, n) => ({
    name,
    fails: false,
    holds: alive[n]!,
    ...(reads[n]!.length > 0 && { reads: reads[n]! }),
    shallHold: after[n]!,
  }));
  const { oldNode: leavers = [], cluster: leavingNodes = [] } = survivors.leaving ?? {};
  const leaving = leavingNodes.map(({ name }, i) => {
    const holds = before[leavers[i]!]!;
    return { name, fails: false, holds, shallHold: holds };
  });
  const failed = old.cluster.flatMap(({ name }, n) =>
    survivors.oldNode.includes(n) || leavers.includes(n) ? [] : [{ name, fails: true, holds: before[n]!, shallHold: [] }],
  );
  const rounds: RehearsedTransfer[][] = Array.from({ length: change.rounds }, () => []);
  for (const { layer, expert, from, to, round } of change.transfers) {
    rounds[round]!.push({ replica: `${layer}/${expert}`, from, to });
  }
  return { nodes: [...live, ...leaving, ...failed], rounds };
}

function onLiveNodes(spilled: readonly SpilledExpert[], { oldNode }: Survivors): SpilledExpert[] {
  return spilled.map((kept) => ({ ...kept, nodes: [...oldNode.keys()].filter((n) => kept.nodes.includes(oldNode[n]!)) }));
}

/** Distinct replicas on each node, in slots and in host memory, shape [nodes][replicas]. */
function replicaNames({ cluster, layers }: Placement, spilled: readonly SpilledExpert[]): ReplicaName[][] {
  const names = cluster.map(
    (_, n) =>
      new Set(
        layers.flatMap(({ layer, nodes }) => nodes[n]!.filter((e) => e !== FREE_SLOT).map((expert) => `${layer}/${expert}`)),
      ),
  );
  for (const { layer, expert, nodes } of spilled) for (const node of nodes) names[node]!.add(`${layer}/${expert}`);
  return names.map((set) => [...set]);
}
