import fc from "fast-check";
import { expect, test } from "vitest";
import { layerForm } from "../../src/core/cost/layerForm.ts";
import { modelPreset, modelPresetNames } from "../../src/formats/presets/index.ts";
import { fits, layerNeeds, scaledToFit } from "../../src/gpu/layerLimits.ts";
import { rowsOf } from "../../src/gpu/layerShape.ts";
import { layerWorkload } from "../../src/gpu/layerWorkload.ts";

const form = fc.constantFrom(...modelPresetNames).map((name) => layerForm(modelPreset(name)!));
const shape = fc.record({
  tokens: fc.integer({ min: 1, max: 50 }),
  hidden: fc.integer({ min: 8, max: 40 }),
  feedForward: fc.integer({ min: 1, max: 40 }),
  experts: fc.constantFrom(24, 48),
  topK: fc.integer({ min: 1, max: 6 }),
});

test("memory is reckoned at no less than what the arrays take, and at no more than some copies of it", () => {
  fc.assert(
    fc.property(shape, form, (size, way) => {
      const { weights, shared, features, router, outputs } = layerWorkload(size, 0, undefined, way);
      const gated = way.activation === "gelu" ? 0 : 1;
      const sets = [weights, ...(shared ? [shared] : [])].map(({ up, gate, down }) => [up, down, ...(gated ? [gate] : [])]);
      const activated = 4 * rowsOf(size) * size.feedForward;
      const arrays = [...sets.flat(), features, outputs].map(({ byteLength }) => byteLength);
      const needs = layerNeeds(size, way);
      const sum = arrays.reduce((all, bytes) => all + bytes, activated);
      // Weights here and on the device; rows in order of expert, of each kernel's, and of the reference's in doubles.
      const twice = sets.flat().reduce((all, { byteLength }) => all + byteLength, 0);
      expect(needs.bytes).toBeGreaterThanOrEqual(sum + twice + 3 * outputs.byteLength);
      expect(needs.bytes).toBeLessThan(12 * (sum + router.byteLength));
      expect(needs.arrayBytes).toBeGreaterThanOrEqual(Math.max(...arrays, activated));
      expect(shared?.width).toBe(way.sharedExperts === 0 ? undefined : way.sharedExperts * size.feedForward);
    }),
    { numRuns: 30 },
  );
});

test("shared experts may be the largest array", () => {
  const way = layerForm(modelPreset("deepseek-v2")!);
  const size = { tokens: 1, hidden: 8, feedForward: 16, experts: 1, topK: 1 };
  expect(layerNeeds(size, way).arrayBytes).toBe(4 * 8 * 2 * 16);
});

test("products are those of the router and of every row's and token's matrices", () => {
  const size = { tokens: 5, hidden: 7, feedForward: 3, experts: 160, topK: 6 };
  const matrix = 7 * 3;
  expect(layerNeeds(size, layerForm(modelPreset("deepseek-v2")!)).products).toBe(
    5 * 6 * 3 * matrix + 5 * 2 * 3 * matrix + 5 * 7 * 160,
  );
  expect(layerNeeds(size, layerForm(modelPreset("gpt-s")!)).products).toBe(5 * 6 * 2 * matrix + 5 * 7 * 160);
});

test("what is scaled fits, and would not with half the divisor", () => {
  const limits = fc.record({
    bytes: fc.integer({ min: 200_000, max: 1e8 }),
    products: fc.integer({ min: 100_000, max: 1e8 }),
    arrayBytes: fc.integer({ min: 50_000, max: 1e8 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 12 }),
      fc.integer({ min: 4, max: 12 }),
      limits,
      form,
      (hiddenBits, feedBits, most, way) => {
        const size = { tokens: 8, hidden: 2 ** hiddenBits, feedForward: 2 ** feedBits, experts: 24, topK: 2 };
        const scaled = scaledToFit(size, way, most);
        const by = size.hidden / scaled.hidden;
        expect(fits(scaled, way, most)).toBe(true);
        if (by > 1) {
          const larger = {
            ...size,
            hidden: (2 * size.hidden) / by,
            feedForward: Math.max(1, Math.round((2 * size.feedForward) / by)),
          };
          expect(fits(larger, way, most)).toBe(false);
        } else expect(scaled.hidden).toBe(size.hidden);
      },
    ),
    { numRuns: 200 },
  );
});
