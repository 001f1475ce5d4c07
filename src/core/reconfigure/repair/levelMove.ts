/** What levelling changes: slots, or experts that take each other's places. */
import { FREE_SLOT } from "../../layout/placement.ts";
import type { LayerSetting, RepairedLayer } from "./repairedLayer.ts";

/** A slot and what it holds instead; or two experts that take each other's slots. */
export type Move =
  | { readonly slots: readonly number[]; readonly experts: readonly number[] }
  | { readonly trade: readonly [number, number] };

/** What to reach, and what has to be kept. */
export interface LevelProblem extends LayerSetting {
  /** Tokens of the busiest rank over the mean. */
  readonly limit: number;
  /** Replicas that may be sent. */
  readonly budget: number;
  /** Whether an expert may be left with these units only, given as bits. */
  readonly mayLeave: (units: Int32Array) => boolean;
  /** Whether only single replicas may change, so that each can by itself. */
  readonly singly: boolean;
}

/** Experts shared out anew after a move. */
const MOST_SETTLED = 32;

/** Makes a move and shares out; returns the move that brings the copies back. */
export function carryOut(layer: RepairedLayer, move: Move): Move {
  const { table } = layer;
  if ("trade" in move) {
    for (const expert of move.trade) table.lift(expert);
    layer.trade(...move.trade);
    for (const expert of move.trade) table.lay(expert);
    table.settle(move.trade, MOST_SETTLED);
    return move;
  }
  const experts = move.slots.map((slot) => table.expertAt[slot]!);
  const touched = [...new Set([...experts, ...move.experts])].filter((expert) => expert !== FREE_SLOT);
  for (const expert of touched) table.lift(expert);
  assign(layer, move.slots, move.experts);
  for (const expert of touched) if (table.copies[expert]!.length > 0) table.lay(expert);
  table.settle(touched, MOST_SETTLED);
  return { slots: move.slots, experts };
}

/** Brings copies back; loads are not counted. */
export function takeBack(layer: RepairedLayer, back: Move): void {
  if ("trade" in back) layer.trade(...back.trade);
  else assign(layer, back.slots, back.experts);
}

function assign(layer: RepairedLayer, slots: readonly number[], experts: readonly number[]): void {
  if (slots.length === 1) {
    layer.replace(slots[0]!, experts[0]!);
    return;
  }
  for (const slot of slots) layer.remove(slot);
  for (const [i, slot] of slots.entries()) if (experts[i] !== FREE_SLOT) layer.put(experts[i]!, slot);
}

/** Whether the expert in a slot can do without it. */
export function maySpare(layer: RepairedLayer, { nodeOfSlot, mayLeave }: LevelProblem, slot: number): boolean {
  const guest = layer.table.expertAt[slot]!;
  const node = nodeOfSlot[slot]!;
  return guest === FREE_SLOT || layer.copiesOn(node, guest) > 1 || mayLeave(layer.unitsWithout(guest, node));
}
