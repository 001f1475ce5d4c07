import fc from "fast-check";
import { expect, test } from "vitest";
import { leastCostFlow } from "../../src/core/algorithms/leastCostFlow.ts";
import { optimum, sum } from "../support/solver.ts";

const networks = fc.integer({ min: 2, max: 6 }).chain((vertices) =>
  fc.record({
    vertices: fc.constant(vertices),
    arcs: fc.array(
      fc.record({
        from: fc.nat(vertices - 1),
        to: fc.nat(vertices - 1),
        capacity: fc.nat(9),
        cost: fc.nat(5),
      }),
      { maxLength: 14 },
    ),
  }),
);

test("the flow is as large as can be and, so large, costs least: HiGHS agrees", () => {
  fc.assert(
    fc.property(networks, ({ vertices, arcs }) => {
      const flow = leastCostFlow(
        {
          vertices,
          from: Int32Array.from(arcs, ({ from }) => from),
          to: Int32Array.from(arcs, ({ to }) => to),
          capacity: Float64Array.from(arcs, ({ capacity }) => capacity),
          cost: Float64Array.from(arcs, ({ cost }) => cost),
        },
        0,
        vertices - 1,
      );
      const net = (vertex: number) =>
        arcs.reduce((all, { from, to }, i) => all + (from === vertex ? flow[i]! : 0) - (to === vertex ? flow[i]! : 0), 0);
      for (let vertex = 1; vertex < vertices - 1; vertex++) expect(net(vertex)).toBe(0);
      arcs.forEach(({ capacity }, i) => {
        expect(flow[i]! >= 0 && flow[i]! <= capacity).toBe(true);
      });
      const out = (vertex: number) => sum(arcs.flatMap(({ from, to }, i) => (from === vertex && to !== vertex ? [`x${i}`] : [])));
      const into = (vertex: number) =>
        arcs.flatMap(({ from, to }, i) => (to === vertex && from !== vertex ? [` - x${i}`] : [])).join("");
      const inner = Array.from({ length: vertices - 2 }, (_, i) => `${out(i + 1)}${into(i + 1)} = 0`);
      const bounds = arcs.map(({ capacity }, i) => `0 <= x${i} <= ${capacity}`);
      const solve = (objective: string, rows: string[]) =>
        optimum(`${objective}\nSubject To\n${[...inner, ...rows, "nothing >= 0"].join("\n")}\nBounds\n${bounds.join("\n")}\nEnd`);
      const value = solve(`Maximize\n${out(0)}${into(0)}`, [])!;
      expect(net(0)).toBeCloseTo(value, 6);
      const cost = solve(`Minimize\n${sum(arcs.map((arc, i) => `${arc.cost} x${i}`))}`, [
        `${out(0)}${into(0)} = ${Math.round(value)}`,
      ])!;
      expect(arcs.reduce((all, arc, i) => all + arc.cost * flow[i]!, 0)).toBeCloseTo(cost, 6);
    }),
    { numRuns: 80 },
  );
});

test("flow that went the cheapest way first is turned back, which saves what it cost there", () => {
  // 0 -> 1 -> 2 -> 3 costs 2; the ways side by side, 0 -> 1 -> 3 and 0 -> 2 -> 3, cost 20 together, and 0 -> 3 costs 19.
  const from = Int32Array.of(4, 0, 0, 1, 1, 2, 0);
  const to = Int32Array.of(0, 1, 2, 2, 3, 3, 3);
  const cost = Float64Array.of(0, 0, 10, 2, 10, 0, 19);
  for (const units of [1, 7]) {
    const capacity = Float64Array.from(from, (_, arc) => (arc === 0 ? 2 * units : units));
    const flow = leastCostFlow({ vertices: 5, from, to, capacity, cost }, 4, 3);
    expect([...flow]).toEqual([2 * units, units, units, 0, units, units, 0]);
  }
});
