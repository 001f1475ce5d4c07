import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanJson, cleanText, cleanTexts, isPrintable } from "../src/cleanText.ts";
import { InputError, quoteInput, shownName } from "../src/errors.ts";

/** What a terminal obeys, or a reader cannot see, each with what stands for it. */
const bad: readonly (readonly [string, string])[] = [
  ["\u001b[31m", "\\u001b[31m"],
  ["\u0007", "\\u0007"],
  ["\r", "\\u000d"],
  ["\u0000", "\\u0000"],
  ["\n", "\\n"],
  ["\u007f", "\\u007f"],
  ["\u009b", "\\u009b"],
  ["\u202e", "\\u202e"],
  ["\u2066", "\\u2066"],
  ["\u200b", "\\u200b"],
  ["\u2028", "\\u2028"],
  ["\ud800", "\\ud800"],
  ["\uffff", "\\uffff"],
  ["\u{e0041}", "\\u{e0041}"],
];

test.each(bad)("%j is not printable and becomes %s", (text, clean) => {
  expect(isPrintable(`a${text}b`)).toBe(false);
  expect(cleanText(`a${text}b`)).toBe(`a${clean}b`);
  expect(new InputError(text, { file: text, line: 1 })).toMatchObject({ message: clean, location: `${clean}:1` });
});

test("letters of all languages stay", () => {
  for (const text of ["gpu-01", "é", "узел", "节点", "😀", "a b"]) {
    expect(isPrintable(text)).toBe(true);
    expect(cleanText(text)).toBe(text);
  }
});

test("any text becomes printable, JSON the same value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(isPrintable(cleanText(text))).toBe(true);
      const json = cleanJson(JSON.stringify({ [text]: text }));
      expect(isPrintable(json)).toBe(true);
      expect(JSON.parse(json)).toEqual({ [text]: text });
    }),
  );
});

test("documents are cleaned through, numbers and objects of classes stay the very same", () => {
  const numbers = [1, 2];
  const map = new Map();
  const cleaned = cleanTexts({ "a\u001b": ["b\u001b", { c: "\u001b" }], numbers, map, none: null });
  expect(cleaned).toEqual({ "a\\u001b": ["b\\u001b", { c: "\\u001b" }], numbers, map, none: null });
  expect(cleaned.numbers).toBe(numbers);
  expect(cleaned.map).toBe(map);
});

test("messages repeat at most 40 characters", () => {
  expect(quoteInput("x".repeat(1e7))).toBe(`"${"x".repeat(40)}…"`);
  expect(shownName("x".repeat(1e7))).toBe(`${"x".repeat(39)}…`);
  expect(shownName("x".repeat(40))).toBe("x".repeat(40));
});
