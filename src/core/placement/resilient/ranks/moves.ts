/** Moves of the search among ranks: each leaves every host set one of the design. */
import { FREE_SLOT } from "../../../layout/placement.ts";
import type { RankTable } from "./rankTable.ts";

/** Experts of two slots exchange them (either may be free), two experts exchange all slots, or a slot changes its expert. */
export type Move =
  | { readonly kind: "exchange"; readonly first: number; readonly second: number }
  | { readonly kind: "trade"; readonly first: number; readonly second: number }
  | { readonly kind: "replace"; readonly slot: number; readonly before: number; readonly after: number };

/** Makes a move; returns the experts whose copies it touched. */
export function carryOut(table: RankTable, move: Move): number[] {
  switch (move.kind) {
    case "exchange":
      return exchangeSlots(table, move.first, move.second, true);
    case "trade":
      return tradeSlots(table, move.first, move.second, true);
    case "replace":
      return replace(table, move.slot, move.before, move.after, true);
  }
}

/** Brings copies back to where they were; loads are not counted. */
export function takeBack(table: RankTable, move: Move): void {
  switch (move.kind) {
    case "exchange":
      // What came from the first slot is in the second now; the first may be free.
      exchangeSlots(table, move.second, move.first, false);
      break;
    case "trade":
      tradeSlots(table, move.first, move.second, false);
      break;
    case "replace":
      replace(table, move.slot, move.after, move.before, false);
  }
}

function exchangeSlots(table: RankTable, first: number, second: number, counted: boolean): number[] {
  const one = table.expertAt[first]!;
  const two = table.expertAt[second]!;
  const touched = two === FREE_SLOT ? [one] : [one, two];
  if (counted) for (const expert of touched) table.lift(expert);
  table.remove(one, first);
  if (two !== FREE_SLOT) {
    table.remove(two, second);
    table.put(two, first);
  }
  table.put(one, second);
  table.exchangeNeed(first, second);
  if (counted) for (const expert of touched) table.lay(expert);
  return touched;
}

/** Two experts take each other's slots; returns both. */
export function tradeSlots(table: RankTable, one: number, two: number, counted: boolean): number[] {
  if (counted) {
    table.lift(one);
    table.lift(two);
  }
  const slots = table.copies[one]!;
  table.copies[one] = table.copies[two]!;
  table.copies[two] = slots;
  for (const slot of table.copies[one]!) table.expertAt[slot] = one;
  for (const slot of table.copies[two]!) table.expertAt[slot] = two;
  if (counted) {
    table.lay(one);
    table.lay(two);
  }
  return [one, two];
}

function replace(table: RankTable, slot: number, before: number, after: number, counted: boolean): number[] {
  const touched = before === FREE_SLOT ? [after] : after === FREE_SLOT ? [before] : [before, after];
  if (counted) for (const expert of touched) table.lift(expert);
  if (before !== FREE_SLOT) table.remove(before, slot);
  if (after !== FREE_SLOT) table.put(after, slot);
  if (counted) for (const expert of touched) table.lay(expert);
  return touched;
}

/** Two experts take each other's slots of their host sets and keep their further copies; both have as many hosts, none in common. */
export function exchangeHosts(table: RankTable, one: number, two: number): void {
  const ones = table.copies[one]!.filter((slot) => !table.isFurther(slot));
  const twos = table.copies[two]!.filter((slot) => !table.isFurther(slot));
  ones.forEach((slot, i) => {
    exchangeSlots(table, slot, twos[i]!, true);
  });
}
