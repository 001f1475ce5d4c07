import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { screenWidth, worstOf, wrapped } from "../../src/report/screen.ts";

test("tables are made for 80 to 200 columns", () => {
  expect([undefined, 40, 80, 132, 500].map(screenWidth)).toEqual([80, 80, 80, 132, 200]);
});

describe("wrapping", () => {
  test("keeps all words in order, numbers with their per cent, and lines within the width", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "token", "98.3 %", "survives", "1.02"), { minLength: 1 }), (words) => {
        const lines = wrapped(words.join(" "), 20, "   ").split("\n");
        expect(lines.map((line) => line.trim()).join(" ")).toBe(words.join(" "));
        expect(lines.filter((line) => line.length > 20 || line.trimStart().startsWith("%"))).toEqual([]);
        expect(lines.slice(1).every((line) => /^ {3}\S/.test(line))).toBe(true);
      }),
    );
  });

  test("fills lines", () => {
    expect(wrapped("aa bb cc dd", 8)).toBe("aa bb cc\n  dd");
    expect(wrapped("\x1b[1maa\x1b[22m bb cc dd", 8), "colours take no room").toBe("\x1b[1maa\x1b[22m bb cc\n  dd");
  });
});

describe("the worst of a list", () => {
  test("a short one is shown whole", () => {
    const items = Array.from({ length: 12 }, (_, i) => i);
    expect(worstOf(items, (item) => item)).toEqual({ shown: items, rest: [] });
  });

  test("of a long one the five worst, in its order, and nothing is lost", () => {
    const items = Array.from({ length: 13 }, (_, i) => i);
    expect(worstOf(items, (item) => (item * 5) % 13)).toEqual({ shown: [2, 5, 7, 10, 12], rest: [0, 1, 3, 4, 6, 8, 9, 11] });
  });
});
