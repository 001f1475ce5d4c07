import { expect, test } from "vitest";
import { freeRecoveryUpperBound } from "../../src/core/recovery/freeRecoveryUpperBound.ts";
import { binomial } from "../../src/core/recovery/hypergeometric.ts";
import { leastLost } from "../../src/core/recovery/leastLost.ts";
import { everyPlacement, sizeOf } from "../support/everyPlacement.ts";

const settings = [
  { experts: 3, slots: [2, 2, 2] },
  { experts: 4, slots: [1, 2, 3] },
  { experts: 3, slots: [1, 1, 1, 1, 1] },
];

test.each(settings)("no placement of $experts experts on slots $slots loses less", ({ experts, slots }) => {
  for (const p of [1e-3, 0.1, 0.6]) {
    let best = 1;
    everyPlacement(experts, slots, (sets) => {
      let lost = 0;
      for (let failed = 0; failed < 2 ** slots.length; failed++) {
        const size = sizeOf(failed);
        if (sets.some((set) => (set & ~failed) === 0)) lost += p ** size * (1 - p) ** (slots.length - size);
      }
      best = Math.min(best, lost);
    });
    const bound = leastLost(experts, slots, p);
    expect(bound).toBeLessThanOrEqual(best + 1e-14);
    // Here the covering bound is nearly what can be had.
    expect(bound).toBeGreaterThan(best / 2);
  }
});

test("tiny losses keep their digits, and none is negative", () => {
  const slots = [2, 2, 2, 2, 2];
  const p = 1e-4;
  const expected = freeRecoveryUpperBound(5, slots).map(
    (most, i) => binomial(5, i + 1) * p ** (i + 1) * (1 - p) ** (4 - i) * (1 - most),
  );
  const sum = expected.reduce((total, loss) => total + loss, 0);
  expect(Math.abs(leastLost(5, slots, p) / sum - 1)).toBeLessThan(1e-6);
  expect(leastLost(5, slots, 0)).toBe(0);
  expect(leastLost(5, slots, 1)).toBe(1);
  expect(leastLost(11, slots, 0.25)).toBeCloseTo(1 - 0.75 ** 5, 12);
});
