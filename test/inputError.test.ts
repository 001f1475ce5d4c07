import { expect, test } from "vitest";
import { InputError, quoteInput } from "../src/errors.ts";

test("the location grows with what is known", () => {
  expect(new InputError("m", { file: "a.csv" }).location).toBe("a.csv");
  expect(new InputError("m", { file: "a.csv", line: 7 }).location).toBe("a.csv:7");
  expect(new InputError("m", { file: "a.csv", line: 7, column: 3 }).location).toBe("a.csv:7:3");
  expect(new InputError("m", { file: "a.csv", column: 3 }).location).toBe("a.csv");
});

test("message and location stay on one line and send nothing to the terminal", () => {
  const error = new InputError("bad\n\u001b[31mred\u2028", { file: "a\nb" });
  expect(error.message).toBe("bad\\n\\u001b[31mred\\u2028");
  expect(error.location).toBe("a\\nb");
});

test("quoted input is escaped and cut at whole characters", () => {
  expect(quoteInput('a"b')).toBe('"a\\"b"');
  expect(quoteInput("\u0000\r")).toBe('"\\u0000\\r"');
  expect(quoteInput("\u007f")).toBe('"\\u007f"');
  expect(quoteInput("9".repeat(40))).toBe(`"${"9".repeat(40)}"`);
  expect(quoteInput("9".repeat(1_000_000))).toBe(`"${"9".repeat(40)}…"`);
  expect(quoteInput("😀".repeat(41))).toBe(`"${"😀".repeat(40)}…"`);
});
