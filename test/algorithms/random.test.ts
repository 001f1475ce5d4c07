import { expect, test } from "vitest";
import { randomSource, shuffle } from "../../src/core/algorithms/random.ts";

test("one seed, one stream", () => {
  const draw = (seed: number) => {
    const random = randomSource(seed);
    return [random.uniform(), random.below(1000), ...shuffle([0, 1, 2, 3, 4, 5, 6, 7], random)];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});
