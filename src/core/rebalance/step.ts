/** One step of a rebalancing policy. */
import { FREE_SLOT } from "../layout/placement.ts";
import type { LayerCopies, Slot } from "./layerCopies.ts";
import { helpful, type LayerCosts } from "./layerTime.ts";
import { carryOut, type Operation, slotsOf, sourceOf } from "./operations.ts";

/** What a step may do. */
export interface StepTerms {
  /** Nothing is done to a layer whose busiest rank is at most this much over the mean, as a ratio of at least 1. */
  readonly threshold: number;
  /** Nodes that every expert keeps, as far as it has so many. */
  readonly minHosts: number;
  /** Copies that may be fetched. */
  readonly budget: number;
  readonly costs: LayerCosts;
  /** Whether a layer may be as it is then, its slots changed for the question. */
  readonly allowed?: ((copies: LayerCopies) => boolean) | undefined;
}

/** Fills slots otherwise: FREE_SLOT gives up a copy. */
export interface Change {
  readonly at: Slot;
  readonly expert: number;
}

/** A slot and what is in it. */
export interface Filled {
  readonly at: Slot;
  readonly expert: number;
}

/** Pairs of slots, on different ranks, whose experts may change places and may lower the time so; the first is what helps and is not free. */
export function exchanges(
  copies: LayerCopies,
  terms: StepTerms,
): { readonly one: Filled; readonly other: Filled; readonly fetched: number }[] {
  const { costs, minHosts, budget } = terms;
  const helps = helpful(copies, costs);
  const slots = slotsOf(copies);
  const found = [];
  for (const one of slots) {
    if (one.expert === FREE_SLOT) continue;
    if (!helps.leaving(one.at.rank, one.expert)) continue;
    for (const other of slots) {
      if (other.at.rank === one.at.rank || other.expert === one.expert || !helps.entering(other.at.rank)) continue;
      if (!keepsHosts(copies, one, other, minHosts) || !keepsHosts(copies, other, one, minHosts)) continue;
      const fetched = fetchedBy(copies, one, other);
      if (fetched <= budget) found.push({ one, other, fetched });
    }
  }
  return found;
}

function fetchedBy(copies: LayerCopies, one: Filled, other: Filled): number {
  const back = other.expert !== FREE_SLOT && !copies.holds(one.at.rank, other.expert);
  return Number(!copies.holds(other.at.rank, one.expert)) + Number(back);
}

/** Whether an expert that leaves a slot for that of another keeps as many nodes as it must, or as it has. */
function keepsHosts(copies: LayerCopies, { at, expert }: Filled, to: Filled, minHosts: number): boolean {
  if (expert === FREE_SLOT) return true;
  const [left, entered] = [copies.nodeOf[at.rank]!, copies.nodeOf[to.at.rank]!];
  const loses = left !== entered && copies.onNode(left, expert) === 1 && copies.onNode(entered, expert) > 0;
  return !loses || copies.hostsOf(expert) > minHosts;
}

/** Gives the copy in a slot (or a free slot) to an expert. @returns what was done, in order */
export function replaceCopy(copies: LayerCopies, { at, expert }: Change): Operation[] {
  const { layer } = copies;
  const spared = copies.slots[at.rank]![at.slot]!;
  const done: Operation[] = [];
  const from = sourceOf(copies, expert, at.rank);
  if (spared !== FREE_SLOT) done.push(record(copies, { kind: "shrink", layer, expert: spared, from: at.rank, fetched: 0 }));
  const fetched = copies.holds(at.rank, expert) ? 0 : 1;
  done.push(record(copies, { kind: "expand", layer, expert, from, to: at.rank, fetched }));
  return done;
}

/** Exchanges the experts of two slots of different ranks, the second of which may be free. @returns what was done */
export function exchangeCopies(copies: LayerCopies, one: Slot, other: Slot): Operation {
  const [expert, back] = [copies.slots[one.rank]![one.slot]!, copies.slots[other.rank]![other.slot]!];
  const fetched = fetchedBy(copies, { at: one, expert }, { at: other, expert: back });
  const exchanged = back === FREE_SLOT ? undefined : back;
  return record(copies, { kind: "migrate", layer: copies.layer, expert, from: one.rank, to: other.rank, exchanged, fetched });
}

/** An operation without its ratios. */
type Bare<T> = T extends Operation ? Omit<T, "before" | "after"> : never;

function record(copies: LayerCopies, bare: Bare<Operation>): Operation {
  const before = copies.ratio;
  carryOut(copies, { ...bare, before, after: before });
  return { ...bare, before, after: copies.ratio };
}
