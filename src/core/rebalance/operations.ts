/** What a rebalancing policy does to a layer, one operation after the other. */
import { countReplicas, FREE_SLOT, type Placement } from "../layout/placement.ts";
import { LayerCopies, type Slot } from "./layerCopies.ts";

/** What all operations say. */
export interface OperationBase {
  readonly layer: number;
  readonly expert: number;
  /** Copies that are fetched: none onto a rank that holds the expert already. */
  readonly fetched: number;
  /** Busiest rank over the mean, before it and after it. */
  readonly before: number;
  readonly after: number;
}

/** A copy given up, of the rank's first slot that has it. */
export interface Shrink extends OperationBase {
  readonly kind: "shrink";
  readonly from: number;
}

/** A copy made in the first free slot of a rank, from one of another rank, or of the same where `fetched` is 0. */
export interface Expand extends OperationBase {
  readonly kind: "expand";
  readonly from: number;
  readonly to: number;
}

/** A copy that changes its rank; the copy of `exchanged`, where there is one, goes the other way. */
export interface Migrate extends OperationBase {
  readonly kind: "migrate";
  readonly from: number;
  readonly to: number;
  readonly exchanged?: number | undefined;
}

export type Operation = Shrink | Expand | Migrate;

/**
 * Carries operations out on a plan.
 * @throws RangeError when a slot does not hold what an operation says, or there is no free slot
 */
export function replay(placement: Placement, operations: readonly Operation[]): Placement {
  const { cluster } = placement;
  const layers = placement.layers.map((layer) => {
    const copies = new LayerCopies(cluster, layer, layer.loads);
    for (const operation of operations) if (operation.layer === layer.layer) carryOut(copies, operation);
    const nodes = copies.byNode();
    return { ...layer, nodes, replicas: countReplicas(layer.loads.length, nodes) };
  });
  return { ...placement, layers };
}

/** Carries one operation out. @throws RangeError as `replay` does */
export function carryOut(copies: LayerCopies, operation: Operation): void {
  if (operation.kind === "shrink") copies.put(slotWith(copies, operation.from, operation.expert), FREE_SLOT);
  else if (operation.kind === "expand") copies.put(slotWith(copies, operation.to, FREE_SLOT), operation.expert);
  else {
    const { expert, from, to, exchanged = FREE_SLOT } = operation;
    const [left, entered] = [slotWith(copies, from, expert), slotWith(copies, to, exchanged)];
    copies.put(left, exchanged);
    copies.put(entered, expert);
  }
}

/** A rank's first slot with an expert, or the first free one. */
export function slotWith(copies: LayerCopies, rank: number, expert: number): Slot {
  const slot = copies.slots[rank]?.indexOf(expert) ?? -1;
  if (slot < 0)
    throw new RangeError(
      `rank ${rank} has ${expert === FREE_SLOT ? "no free slot" : `no copy of expert ${expert}`} in layer ${copies.layer}`,
    );
  return { rank, slot };
}

/** Rank to copy an expert from: the one itself, one of its node, any; the lowest of these. */
export function sourceOf(copies: LayerCopies, expert: number, to: number): number {
  const holders = Array.from({ length: copies.ranks }, (_, rank) => rank).filter((rank) => copies.holds(rank, expert));
  if (holders.includes(to)) return to;
  return holders.find((rank) => copies.nodeOf[rank] === copies.nodeOf[to]) ?? holders[0] ?? to;
}

/** Ranks' slots as an expansion or exchange may use them. */
export function slotsOf(copies: LayerCopies): { readonly at: Slot; readonly expert: number }[] {
  return copies.slots.flatMap((held, rank) => held.map((expert, slot) => ({ at: { rank, slot }, expert })));
}
