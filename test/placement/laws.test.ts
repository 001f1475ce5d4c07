/** A sample of what `npm run laws` looks at. */
import { expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import { brokenLaws, randomInstance } from "../../src/dev/brokenLaws.ts";

test("on random instances no law breaks by more than the tolerance", () => {
  const random = randomSource(11);
  const broken = Array.from({ length: 5 }, (_, i) => brokenLaws(randomInstance(i, random))).flat();
  expect(broken).toEqual([]);
});
