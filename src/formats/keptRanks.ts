/** Rank numbers that stay when nodes fail, for engines that do not number their ranks anew. */
import { firstRanks } from "../core/layout/cluster.ts";
import { shownName, UsageError } from "../errors.ts";
import type { DocumentOperation } from "./documents/operation.ts";
import type { PlacedNode, PlacementDocument } from "./documents/placement.ts";
import type { RecoveryPlanDocument } from "./documents/recoveryPlan.ts";

/**
 * A recovery after which every live rank has the number that it had: the nodes in their old order, those that failed or left among them
 * without slots. Nodes that join take the places of their names, others those of dead nodes with as many GPUs, or come last.
 * @throws UsageError when a node comes back with another number of GPUs
 */
export function withKeptRanks(plan: RecoveryPlanDocument, old: PlacementDocument): RecoveryPlanDocument {
  const { placement, operations } = plan;
  if (placement === undefined) return plan;
  const order = placesOf(placement.nodes, old.nodes);
  const kept = inOrder(placement, order);
  const rankOf = keptRanks(placement.nodes, order, kept.nodes);
  return {
    ...plan,
    placement: kept,
    ...(operations && { operations: renumbered(operations, rankOf) }),
  };
}

/** A placement on the live nodes of an old one, with the dead nodes that keep their ranks in their places. */
export function placementWithKeptRanks(placement: PlacementDocument, old: PlacementDocument): PlacementDocument {
  const order = placesOf(placement.nodes, old.nodes);
  const kept = inOrder(placement, order);
  const { operations } = placement;
  if (operations === undefined) return kept;
  return { ...kept, operations: renumbered(operations, keptRanks(placement.nodes, order, kept.nodes)) };
}

function renumbered(operations: readonly DocumentOperation[], rankOf: readonly number[]): DocumentOperation[] {
  return operations.map((operation) => ({
    ...operation,
    from: rankOf[operation.from]!,
    ...("to" in operation && { to: rankOf[operation.to]! }),
  }));
}

function inOrder(placement: PlacementDocument, order: readonly (number | PlacedNode)[]): PlacementDocument {
  return {
    ...placement,
    nodes: order.map((place) => (typeof place === "number" ? placement.nodes[place]! : place)),
    layers: placement.layers.map((layer) => ({
      ...layer,
      nodes: order.map((place) => (typeof place === "number" ? layer.nodes[place]! : [])),
    })),
  };
}

/** For each place in the order of ranks, the number of the node that has it, or a dead one. */
function placesOf(nodes: readonly PlacedNode[], old: readonly PlacedNode[]): (number | PlacedNode)[] {
  const numberOf = new Map(nodes.map(({ name }, node) => [name, node]));
  const known = new Set(old.map(({ name }) => name));
  const strangers = [...nodes.keys()].filter((node) => !known.has(nodes[node]!.name));
  const places = old.map((before): number | PlacedNode => {
    const own = numberOf.get(before.name);
    if (own !== undefined) {
      if (nodes[own]!.gpus === before.gpus) return own;
      throw new UsageError(
        `--keep-ranks: ${shownName(before.name)} had ${before.gpus} GPUs and joins with ${nodes[own]!.gpus}, which would number other ranks anew; say --gpus ${before.gpus}, or give it another name`,
      );
    }
    const substitute = strangers.findIndex((node) => nodes[node]!.gpus === before.gpus);
    return substitute < 0 ? deadNode(before) : strangers.splice(substitute, 1)[0]!;
  });
  return [...places, ...strangers];
}

function deadNode({ name, gpus, domain }: PlacedNode): PlacedNode {
  return {
    name,
    slots: 0,
    gpus,
    deadGpus: Array.from({ length: gpus }, (_, gpu) => gpu),
    ...(domain === undefined ? {} : { domain }),
  };
}

/** The kept rank of every rank of the live nodes. */
function keptRanks(
  nodes: readonly PlacedNode[],
  order: readonly (number | PlacedNode)[],
  kept: readonly PlacedNode[],
): readonly number[] {
  const first = firstRanks(kept.map(({ name, slots, gpus }) => ({ name, slots, gpus })));
  return nodes.flatMap(({ gpus }, node) => Array.from({ length: gpus }, (_, gpu) => first[order.indexOf(node)]! + gpu));
}
