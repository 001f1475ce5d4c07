import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { root } from "../support/lazarus.ts";

test("the changelog has the newest version first, each with its date, and the package is of the newest", () => {
  const headings = [...readFileSync(`${root}CHANGELOG.md`, "utf8").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!);
  const versions = headings.filter((heading, i) => i > 0 || heading !== "Unreleased");
  for (const heading of versions) expect(heading).toMatch(/^\d+\.\d+\.\d+ \(20\d\d-[01]\d-[0-3]\d\)$/);
  const dates = versions.map((heading) => /\((.*)\)/.exec(heading)![1]!);
  expect(dates).toEqual(dates.toSorted().toReversed());
  const numbers = versions.map((heading) => heading.split(" ")[0]!);
  const collator = new Intl.Collator("en", { numeric: true });
  expect(numbers).toEqual(numbers.toSorted(collator.compare).toReversed());
  expect(JSON.parse(readFileSync(`${root}package.json`, "utf8")).version).toBe(numbers[0]);
});

test("the changelog has no remains of a merge", () => {
  expect(readFileSync(`${root}CHANGELOG.md`, "utf8")).not.toMatch(/^(<{7}|={7}|>{7})/m);
});
