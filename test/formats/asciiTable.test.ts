import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiTable } from "../../src/formats/asciiRows.ts";

test("a table is written as JSON writes it, in pieces too", () => {
  const count = fc.oneof(fc.nat(9), fc.constantFrom(9_999, 10_000), fc.maxSafeNat());
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(1, 2, 7, 4000),
      fc.array(count, { minLength: 1 }),
      (rows, width, some) => {
        const table = Float64Array.from({ length: rows * width }, (_, at) => some[at % some.length]!);
        const nested = Array.from({ length: rows }, (_, row) => Array.from(table.subarray(row * width, (row + 1) * width)));
        expect(Buffer.concat([...asciiTable(table, width)]).toString()).toBe(JSON.stringify(nested));
      },
    ),
    { numRuns: 20 },
  );
});
