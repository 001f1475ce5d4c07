/** The state of the search among ranks against what is counted anew from slots and shares. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { freeRankBalance } from "../../src/core/balance/rankBalance.ts";
import { FREE_SLOT } from "../../src/core/layout/placement.ts";
import { carryOut, type Move, takeBack } from "../../src/core/placement/resilient/ranks/moves.ts";
import { rankSlots } from "../../src/core/placement/resilient/ranks/rankSlots.ts";
import { RankTable } from "../../src/core/placement/resilient/ranks/rankTable.ts";

const EXPERTS = 5;
/** Five ranks of two slots on three nodes. */
const slots = rankSlots([2, 1, 2].map((gpus, n) => ({ name: `node${n}`, slots: 2 * gpus, gpus })));
const SLOTS = slots.rankOfSlot.length;
const expertIds = [...new Array(EXPERTS).keys()];
const slotIds = [...new Array(SLOTS).keys()];

const tables = fc
  .record({
    loads: fc.array(fc.nat(50), { minLength: EXPERTS, maxLength: EXPERTS }).filter((loads) => loads.some((load) => load > 0)),
    order: fc.shuffledSubarray(slotIds, { minLength: EXPERTS, maxLength: EXPERTS }),
    rest: fc.array(fc.integer({ min: FREE_SLOT, max: EXPERTS - 1 }), { minLength: SLOTS, maxLength: SLOTS }),
    needed: fc.subarray(slotIds),
  })
  .map(({ loads, order, rest, needed }) => (shares: "even" | "free") => {
    const table = new RankTable(slots, loads, shares);
    order.forEach((slot, expert) => {
      table.put(expert, slot);
    });
    rest.forEach((expert, slot) => {
      if (expert === FREE_SLOT || table.expertAt[slot] !== FREE_SLOT || table.holds(slots.rankOfSlot[slot]!, expert)) return;
      table.put(expert, slot);
    });
    for (const slot of needed) if (table.expertAt[slot] !== FREE_SLOT) table.settleHost(slot);
    for (const expert of expertIds) table.lay(expert);
    return table;
  });

const drawnMoves = fc.array(
  fc.record({ kind: fc.constantFrom("exchange", "trade", "replace"), a: fc.nat(99), b: fc.nat(99), isUndone: fc.boolean() }),
  { minLength: 1, maxLength: 12 },
);

/** The move that is meant, where no rank comes to hold an expert twice and no expert loses its last copy. */
function moveOf(table: RankTable, { kind, a, b }: { kind: string; a: number; b: number }): Move | undefined {
  if (kind === "trade") {
    const [first, second] = [a % EXPERTS, b % EXPERTS];
    return first === second ? undefined : { kind, first, second };
  }
  const holds = (slot: number, expert: number) => expert !== FREE_SLOT && table.holds(slots.rankOfSlot[slot]!, expert);
  if (kind === "exchange") {
    const [first, second] = [a % SLOTS, b % SLOTS];
    const [one, two] = [table.expertAt[first]!, table.expertAt[second]!];
    return one === FREE_SLOT || one === two || holds(second, one) || holds(first, two) ? undefined : { kind, first, second };
  }
  const slot = a % SLOTS;
  const [before, after] = [table.expertAt[slot]!, (b % (EXPERTS + 1)) - 1];
  if (before === after || holds(slot, after) || (before !== FREE_SLOT && table.copies[before]!.length < 2)) return undefined;
  return { kind: "replace", slot, before, after };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const takenOf = (table: RankTable) => slotIds.map((slot) => table.takenAt(slot));

function stateOf(table: RankTable) {
  const copies = table.copies.map((list) => [...list].sort((a, b) => a - b));
  const further = [...table.further].sort((a, b) => a - b);
  return { expertAt: [...table.expertAt], copies, further, taken: takenOf(table), loads: [...table.rankLoad] };
}

function expectConsistent(table: RankTable): void {
  const { expertAt, copies, further, taken, loads } = stateOf(table);
  expect(copies).toEqual(expertIds.map((expert) => slotIds.filter((slot) => expertAt[slot] === expert)));
  expect(further).toEqual(slotIds.filter((slot) => table.isFurther(slot)));
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 9));
  expect(loads).toEqual(close(loads.map((_, rank) => sum(taken.filter((_, slot) => slots.rankOfSlot[slot] === rank)))));
  expect(copies.map((list) => sum(list.map((slot) => taken[slot]!)))).toEqual(close([...table.loads]));
  for (const slot of slotIds) expect(taken[slot]).toBeGreaterThanOrEqual(-1e-9);
  expect(table.busiest).toBe(Math.max(...loads));
}

/** Copies that take tokens bring their ranks to one level, which no other rank of the expert is below. */
function expectLevel(table: RankTable, expert: number): void {
  const loads = table.copies[expert]!.map((slot) => table.rankLoad[slots.rankOfSlot[slot]!]!);
  const level = Math.min(...loads);
  table.copies[expert]!.forEach((slot, i) => {
    if (table.takenAt(slot) > 1e-9) expect(loads[i]).toBeCloseTo(level, 9);
  });
}

test.each(["even", "free"] as const)("moves keep the books with %s shares, and are undone without a trace", (shares) => {
  fc.assert(
    fc.property(tables, drawnMoves, (make, moves) => {
      const table = make(shares);
      expectConsistent(table);
      for (const drawn of moves) {
        const move = moveOf(table, drawn);
        if (move === undefined) continue;
        const before = stateOf(table);
        table.begin();
        const touched = carryOut(table, move);
        expectConsistent(table);
        if (shares === "even") {
          table.copies.forEach((list, expert) => {
            for (const slot of list) expect(table.takenAt(slot)).toBeCloseTo(table.loads[expert]! / list.length, 9);
          });
        } else expectLevel(table, touched.at(-1)!);
        table.settle(touched, 20);
        expectConsistent(table);
        const squares = (loads: readonly number[]) => sum(loads.map((load) => load ** 2));
        expect(table.change((load) => load ** 2)).toBeCloseTo(squares([...table.rankLoad]) - squares(before.loads), 6);
        if (!drawn.isUndone) continue;
        takeBack(table, move);
        table.undo();
        expect(stateOf(table)).toEqual(before);
      }
    }),
    { numRuns: 80 },
  );
});

test("settled shares come near the best, one expert after the other, and no more of them than allowed", () => {
  fc.assert(
    fc.property(tables, fc.nat(EXPERTS - 1), (make, expert) => {
      const table = make("free");
      const before = stateOf(table);
      table.settle([expert], 0);
      expect(stateOf(table)).toEqual(before);
      table.settle([expert], 1);
      expectLevel(table, expert);
      table.settleAll(1000);
      expectConsistent(table);
      const copies = table.copies.map((list) => list.map((slot) => slots.rankOfSlot[slot]!));
      const best = freeRankBalance(copies, [...table.loads], table.rankLoad.length).maxOverMean;
      expect(table.busiest / table.mean).toBeGreaterThan(best * (1 - 1e-5));
      expect(table.busiest / table.mean).toBeLessThan(best * 1.01);
      table.settle(expertIds, 1000);
      expect(table.busiest / table.mean).toBeLessThan(best * 1.01);
    }),
  );
});
