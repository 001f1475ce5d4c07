import { expect, test } from "vitest";
import type { ParetoPoint } from "../../src/core/placement/paretoFront.ts";
import { paretoPicture } from "../../src/report/paretoPicture.ts";
import { pictureSvg } from "../../src/report/pictures/svg.ts";
import { isWellFormed, texts, tips } from "../support/svg.ts";

const point = (plan: string, asked: string, survival: number, balance: number, isOnFront: boolean): ParetoPoint => ({
  plan,
  asked,
  survival,
  tolerates: 1,
  balance,
  cost: { compute: 1, traffic: 1, sync: 1 },
  isOnFront,
});

test("every point is named, those at one place together; our plan is marked, and the axis is in percent", () => {
  const points = [
    point("mro", "", 0.97, 1.9, false),
    point("eplb", "", 0.3, 1, true),
    point("resilient", "as given", 0.999, 1.02, true),
    point("front", "balance slack 0.02", 0.999, 1.02, true),
    point("front", "balance slack 0.05", 0.999, 1.02, true),
    point("front", "no balance limit", 1, 1.4, true),
  ];
  const slacks = [0, 0.1, 0.2].map((slack) => point("front", `balance slack ${slack}`, 0.97, 1.9, false));
  const equal = paretoPicture("4 layers", [points[0]!, { ...points[2]!, survival: 0.97 }, ...slacks]);
  expect(equal.title).toBe("With 3 % of losing an expert, this plan is at 1.02 x the mean, the paper's at 1.90 x the mean");
  expect([...pictureSvg(equal)].join("")).toContain(">mro, balance slack 0 to 0.2<");
  const picture = paretoPicture("4 layers on 10 nodes", points);
  expect(picture.title).toBe("This plan loses an expert with 0.1 %, the paper's with 3 %");
  const svg = [...pictureSvg(picture)].join("");
  expect(isWellFormed(svg)).toBe(true);
  const named = [...svg.matchAll(/class="name">([^<]*)</g)].map(([, name]) => name);
  expect(named).toEqual(["mro", "eplb", "resilient (this plan), balance slack 0.02, 0.05", "no balance limit"]);
  expect(tips(svg)).toHaveLength(points.length);
  expect(tips(svg)).toContain("resilient (this plan): lost with 0.1 %, busiest 1.020");
  expect(tips(svg)).toContain("no balance limit: lost with 0 %, busiest 1.400");
  expect(texts(svg)).toEqual(expect.arrayContaining(["100 %", "10 %", "1 %", "0.1 %", "0 %"]));
  // Lower is safer, and further left more even.
  const place = (tip: string) => {
    const [, x, y] = new RegExp(`cx="([\\d.]+)" cy="([\\d.]+)" r="[\\d.]+"><title>${tip}`).exec(svg)!;
    return [Number(x), Number(y)] as const;
  };
  const [ours, theirs] = [place("resilient"), place("mro")];
  expect(ours[0]).toBeLessThan(theirs[0]);
  expect(ours[1]).toBeGreaterThan(theirs[1]);
});
