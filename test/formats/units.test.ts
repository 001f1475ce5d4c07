import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseBandwidth,
  parseBytes,
  parseCount,
  parseIdList,
  parseNameList,
  parseNumber,
  parseSeconds,
  UnitError,
} from "../../src/formats/units.ts";

test.each([
  [parseBytes, "63000000", 63e6],
  [parseBytes, "63MB", 63e6],
  [parseBytes, "112MiB", 112 * 2 ** 20],
  [parseBytes, "1.5 kib", 1536],
  [parseBandwidth, "100Gbps", 12.5e9],
  [parseBandwidth, "100gbps", 12.5e9],
  [parseBandwidth, "25GBps", 25e9],
  [parseBandwidth, "12.5GB/s", 12.5e9],
  [parseSeconds, "15s", 15],
  [parseSeconds, "0", 0],
  [parseSeconds, "250ms", 0.25],
  [parseSeconds, "5m", 300],
  [parseSeconds, "2h", 7200],
  [parseNumber(0, 1), "2e-2", 0.02],
])("%o reads %s", (parse, text, value) => {
  expect(parse(text)).toBeCloseTo(value, 9);
});

describe("what is no quantity", () => {
  test.each([
    [parseBytes, "MiB"],
    [parseBytes, "-1MB"],
    [parseBytes, "5 constructor"],
    [parseBandwidth, "100"],
    [parseBandwidth, "100Gb/s"],
    [parseBandwidth, "100gb/s"],
    [parseBandwidth, "100GBPS"],
    [parseSeconds, "soon"],
    [parseSeconds, "15"],
    [parseSeconds, " 2.5 "],
    [parseSeconds, `${"9".repeat(400)}s`],
    [parseCount(1), "0"],
    [parseCount(0), "-1"],
    [parseCount(0), "1.5"],
    [parseCount(0), "9007199254740993"],
    [parseNumber(0, 1), "1.01"],
    [parseNumber(0, 1), "0x1"],
    [parseNumber(0, Number.POSITIVE_INFINITY), "Infinity"],
    [parseIdList, "1,,2"],
    [parseIdList, "5-3"],
    [parseIdList, "0-999999999"],
    [parseNameList, "a,,b"],
  ])("%o refuses %s", (parse, text) => {
    expect(() => parse(text)).toThrow(UnitError);
  });
});

test("lists of ids are sorted sets", () => {
  expect(parseIdList("5-7,0,3,6")).toEqual([0, 3, 5, 6, 7]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), (ids) => {
      expect(parseIdList(ids.join(","))).toEqual(ids.toSorted((a, b) => a - b));
    }),
  );
});

test("a time without its unit is no second in silence, and only nothing needs none", () => {
  expect(() => parseSeconds("15")).toThrow("expected a time with its unit such as 15s, 5m or 2h (15s?)");
  expect(() => parseSeconds(".5")).toThrow("(.5s?)");
  expect(parseSeconds("0.0")).toBe(0);
});
