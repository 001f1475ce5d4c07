/** The parts that pictures are made of. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { groups } from "../../src/report/pictures/groups.ts";
import { HEAT_SWATCHES, heatOf } from "../../src/report/pictures/heat.ts";
import { heatPanel } from "../../src/report/pictures/heatMap.ts";
import { pictureHtml } from "../../src/report/pictures/html.ts";
import { linePlot } from "../../src/report/pictures/linePlot.ts";
import { limits, short, stepOf, ticks } from "../../src/report/pictures/scales.ts";
import { stepScale } from "../../src/report/pictures/steps.ts";
import { pictureSvg } from "../../src/report/pictures/svg.ts";
import { fitted, markup, textWidth, toldApart, wrapped } from "../../src/report/pictures/text.ts";
import { isWellFormed, texts } from "../support/svg.ts";

const name = fc.string({ unit: "grapheme", maxLength: 40 });

test("ticks are round, rise, and lie between the ends", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fc.integer({ min: 1, max: 12 }),
      (from, size, wanted) => {
        const found = ticks(from, from + size, wanted);
        const step = found.length > 1 ? found[1]! - found[0]! : 1;
        expect(found.length).toBeLessThanOrEqual(wanted + 1);
        found.forEach((tick, i) => {
          expect(tick).toBeGreaterThanOrEqual(from - step * 1e-6);
          expect(tick).toBeLessThanOrEqual(from + size + step * 1e-6);
          if (i > 0) expect(tick).toBeGreaterThan(found[i - 1]!);
        });
        if (found.length > 1)
          expect([1, 2, 5]).toContain(Number((step / 10 ** Math.floor(Math.log10(step * 1.0001))).toPrecision(6)));
      },
    ),
  );
  expect(ticks(0, 30, 3)).toEqual([0, 10, 20, 30]);
  expect(ticks(0, 0.1, 5)).toEqual([0, 0.02, 0.04, 0.06, 0.08, 0.1]);
});

test("limits of a colour scale rise below the greatest value, and each step has values where they spread", () => {
  expect(limits(1, 1000, 7)).toEqual([10, 20, 50, 100, 200, 500]);
  expect(limits(1, 9, 7)).toEqual([2, 5]);
  expect(limits(90, 100, 7)).toEqual([92, 94, 96, 98]);
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 1e9, noNaN: true }), (least, more) => {
      const found = limits(least, least + more, 7);
      expect(found.length).toBeLessThan(7);
      found.forEach((limit, i) => {
        expect(limit).toBeLessThanOrEqual(least + more);
        if (i > 0) expect(limit).toBeGreaterThan(found[i - 1]!);
      });
    }),
  );
  expect([0.5, 1, 1.5, 2, 9].map((value) => stepOf(value, [1, 2]))).toEqual([0, 1, 1, 2, 2]);
});

test("a colour for each of a few whole numbers, ranges beyond, and legends that say which", () => {
  const scale = stepScale([1, 3, 0, 2]);
  expect(scale.swatches.map(({ name: words }) => words)).toEqual(["1", "2", "3"]);
  expect([1, 2, 3].map(scale.lookOf)).toEqual(scale.swatches.map(({ look }) => look));
  expect(stepScale([0, 0]).swatches).toEqual([]);
  expect(stepScale([7, 7]).swatches).toHaveLength(1);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }), (values) => {
      const { swatches, lookOf } = stepScale(values);
      expect(new Set(swatches.map(({ look }) => look)).size).toBe(swatches.length);
      expect(swatches.length).toBeLessThanOrEqual(7);
      for (const value of values) expect(swatches.map(({ look }) => look)).toContain(lookOf(value));
      const [least, most] = [Math.min(...values), Math.max(...values)];
      expect([lookOf(least), lookOf(most)]).toEqual([swatches[0]!.look, swatches.at(-1)!.look]);
    }),
  );
});

test("colours around the mean are those of the legend", () => {
  expect([0, 0.3, 0.79, 1, 1.3, 2, 4.9, 7, 8, 100].map(heatOf)).toEqual([
    "h0",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "h7",
    "h8",
    "h8",
  ]);
  expect(HEAT_SWATCHES.map(({ name: words }) => words)).toEqual([
    "below 0.25",
    "0.25–0.5",
    "0.5–0.8",
    "0.8–1.25",
    "1.25–2",
    "2–3",
    "3–5",
    "5–8",
    "8 x mean and more",
  ]);
});

test("groups hold everybody once, in order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 300 }), (count, most) => {
      const found = groups(count, most);
      expect(found.length).toBeLessThanOrEqual(most);
      expect(found.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))).toEqual([
        ...Array(count).keys(),
      ]);
    }),
  );
});

test("numbers are short", () => {
  expect([0, 0.123456, 12, 9999, 12_345, 4_200_000, 1.5e9, 1e-7].map(short)).toEqual([
    "0",
    "0.123",
    "12",
    "10000",
    "12.3k",
    "4.2M",
    "1.5G",
    "1e-7",
  ]);
});

test("names become markup: nothing steers, nothing is longer than its room", () => {
  expect(markup('<a href="x">&\u202e\n')).toBe("&lt;a href=&quot;x&quot;&gt;&amp;\\u202e\\n");
  fc.assert(
    fc.property(name, fc.integer({ min: 12, max: 200 }), (text, width) => {
      expect(textWidth(fitted(text, width))).toBeLessThanOrEqual(Math.max(width, 12));
      for (const line of wrapped(text, width)) expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 12));
    }),
  );
  expect(fitted("accelerator-node-0017", 90)).toMatch(/^acc.*…*17$/);
});

test("long names are told apart: what they have in common gives way first", () => {
  const names = ["rack-12-node-0001.example.org", "rack-12-node-0002.example.org", "rack-12-node-0010.example.org"];
  expect(toldApart(names, 110)).toEqual(["…01", "…02", "…10"]);
  expect(toldApart(names, 500)).toEqual(names);
  expect(toldApart(["gpu1", "gpu2"], 110)).toEqual(["gpu1", "gpu2"]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 9999 }), { minLength: 2, maxLength: 30 }), (numbers) => {
      const long = numbers.map((number) => `a-very-long-name-of-a-node-${number}.in.some.domain.example.org`);
      expect(new Set(toldApart(long, 90)).size).toBe(long.length);
    }),
  );
});

const plotOf = (names: readonly string[], width: number) =>
  linePlot(
    {
      x: { title: names[0]!, from: 0, to: 9, ticks: [{ at: 1, name: names[0]! }] },
      y: { title: "y", from: 0, to: 9, ticks: [{ at: 1, name: "1" }] },
      series: names.map((words, colour) => ({ name: words, colour, points: [{ x: 1, y: 2, tip: words }] })),
      names: names.map((words) => ({ x: 1, y: 2, name: words })),
    },
    width,
  );

test("any names give well-formed pictures", () => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), (names) => {
      const map = heatPanel(names[0]!, names[0]!, {
        rows: names,
        columns: names,
        rowTitle: names[0]!,
        columnTitle: names[0]!,
        cell: (r, c) => (r === c ? undefined : { look: "h1", tip: names[r]!, text: names[c]! }),
        swatches: [{ name: names[0]!, look: "h1" }],
      });
      const picture = {
        title: names[0]!,
        subtitle: names[0]!,
        panels: [map, { title: "plot", draw: (width: number) => plotOf(names, width) }],
      };
      expect(isWellFormed([...pictureSvg(picture)].join(""))).toBe(true);
      const page = [...pictureHtml(picture)]
        .join("")
        .replace("<!DOCTYPE html>", "")
        .replace(/<meta [^>]*>/g, "");
      expect(isWellFormed(page)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("every point is named, and names do not cover each other", () => {
  const names = ["mro", "spread", "eplb", "resilient", "balance slack 0.005", "balance slack 0.01"];
  const { marks } = plotOf(names, 500);
  const boxes = [...marks.matchAll(/<text x="([\d.]+)" y="([\d.]+)" class="name">([^<]*)</g)].map(([, x, y, words]) => {
    const left = Number(x);
    return [left, Number(y) - 10, left + textWidth(words!), Number(y)] as const;
  });
  expect(texts(marks)).toEqual(expect.arrayContaining(names));
  expect(boxes).toHaveLength(names.length);
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) expect(a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]).toBe(false);
  });
});
