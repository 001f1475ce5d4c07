import fc from "fast-check";
import { expect, test } from "vitest";
import { paybackSteps } from "../../src/core/comparison/paybackSteps.ts";

// Whole seconds, so that no rounding hides at the edge.
const seconds = fc.integer({ min: 1, max: 50 });

test("the first step at whose end as much is done as without the moves", () => {
  fc.assert(
    fc.property(fc.nat(200), seconds, seconds, (moving, before, after) => {
      let steps: number | undefined;
      for (let done = 0; done <= 200 && steps === undefined; done++) if (moving + done * after <= done * before) steps = done;
      // Without moves nothing has to be paid for, but a plan that is no faster does not pay.
      expect(paybackSteps(moving, before, after)).toBe(after < before ? steps : undefined);
    }),
  );
});
