import fc from "fast-check";
import { expect, test } from "vitest";
import { criticalSets, nodeCriticality } from "../../src/core/recovery/criticalSets.ts";
import { nodesIn, sizeOf } from "../support/everyPlacement.ts";

test("the smallest killing sets with the experts they take, the most harmful first", () => {
  const layers = [
    [
      [0, 1],
      [2, 3],
      [0, 1, 4],
    ],
    [
      [1, 2, 3],
      [2, 3],
      [0, 4],
    ],
  ];
  expect(criticalSets(layers)).toEqual([
    {
      nodes: [2, 3],
      experts: [
        { layer: 0, expert: 1 },
        { layer: 1, expert: 1 },
      ],
    },
    { nodes: [0, 1], experts: [{ layer: 0, expert: 0 }] },
    { nodes: [0, 4], experts: [{ layer: 1, expert: 2 }] },
  ]);
  expect(criticalSets([])).toEqual([]);
});

test("criticality equals trial of all failed sets with the node", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }).chain((nodes) =>
        fc.record({
          nodes: fc.constant(nodes),
          failed: fc.integer({ min: 1, max: nodes }),
          masks: fc.array(fc.integer({ min: 1, max: 2 ** nodes - 1 }), { maxLength: 6 }),
        }),
      ),
      ({ nodes, failed, masks }) => {
        const expected = [...Array(nodes).keys()].map((node) => {
          const trials = [...Array(2 ** nodes).keys()].filter((set) => (set >> node) & 1 && sizeOf(set) === failed);
          return trials.filter((set) => masks.some((mask) => (mask & ~set) === 0)).length / trials.length;
        });
        const hostSets = masks.map((mask) => nodesIn(mask, nodes));
        expect(nodeCriticality(hostSets, nodes, failed)).toEqual(
          expected.map((probability) => ({ probability: expect.closeTo(probability, 12) })),
        );
      },
    ),
  );
});

test("estimated criticality carries an interval around it", () => {
  const nodes = 40;
  const ring = [...Array(nodes).keys()].map((node) => [node, (node + 1) % nodes, (node + 2) % nodes].sort((a, b) => a - b));
  const exact = nodeCriticality(ring, nodes, 12)[0]?.probability as number;
  const estimates = nodeCriticality(ring, nodes, 12, { effort: 0, samples: 1000 });
  for (const { probability, interval } of estimates) {
    const [low, high] = interval!;
    expect(low).toBeLessThanOrEqual(probability);
    expect(high).toBeGreaterThanOrEqual(probability);
    // 2 x 1.96 standard deviations of a thousand samples are 0.062 at the most.
    expect(high - low).toBeLessThan(0.063);
    expect(Math.abs(probability - exact)).toBeLessThan(0.1);
  }
  const holds = estimates.filter(({ interval }) => interval && interval[0] <= exact && exact <= interval[1]);
  expect(estimates).toHaveLength(nodes);
  expect(holds.length).toBeGreaterThanOrEqual(34);
});

test.each([0, 3, 1.5])("%d failed of two nodes is refused", (failed) => {
  expect(() => nodeCriticality([[0]], 2, failed)).toThrow(RangeError);
});
