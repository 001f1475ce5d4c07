import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiRows } from "../../src/formats/asciiRows.ts";

test("rows are what joined strings would be, however long, in pieces", () => {
  const ids = fc.oneof(fc.nat(20_000), fc.constantFrom(0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 2 ** 31 - 1));
  const counts = fc.oneof(ids, fc.maxSafeNat());
  fc.assert(
    fc.property(
      fc.array(fc.tuple(ids, ids, ids, counts)),
      fc.constantFrom(["7,", "\n"], ["[", "],"]),
      (rows, [before, after]) => {
        const column = (at: 0 | 1 | 2) => Int32Array.from(rows, (row) => row[at]);
        const fourth = Float64Array.from(rows, (row) => row[3]);
        const pieces = [...asciiRows([column(0), column(1), column(2), fourth], before!, after!)];
        expect(Buffer.concat(pieces).toString()).toBe(rows.map((row) => `${before}${row.join()}${after}`).join(""));
      },
    ),
  );
  const many = Int32Array.from({ length: 20_000 }, (_, row) => row);
  const pieces = [...asciiRows([many, many, many, Float64Array.from(many)], "", "\n")];
  expect(pieces.length).toBeGreaterThan(1);
  expect(Buffer.concat(pieces).toString().split("\n").slice(0, -1)).toEqual(Array.from(many, (n) => `${n},${n},${n},${n}`));
});
