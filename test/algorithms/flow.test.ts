import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlowNetwork } from "../../src/core/algorithms/flow.ts";

const network = fc.integer({ min: 2, max: 7 }).chain((vertices) =>
  fc.record({
    vertices: fc.constant(vertices),
    edges: fc.array(fc.tuple(fc.nat(vertices - 1), fc.nat(vertices - 1), fc.nat(20)), { maxLength: 20 }),
    expected: fc.nat(20),
  }),
);

test("maximum flow equals the least cut, is conserved, and keeps within capacities", () => {
  fc.assert(
    fc.property(network, ({ vertices, edges, expected }) => {
      const flow = new FlowNetwork(vertices, expected);
      const ids = edges.map(([from, to, capacity]) => flow.addEdge(from, to, capacity));
      const total = flow.maxFlow(0, vertices - 1);
      const capacityOut = (inside: (vertex: number) => boolean) =>
        edges.reduce((sum, [from, to, capacity]) => (inside(from) && !inside(to) ? sum + capacity : sum), 0);
      let least = Infinity;
      for (let cut = 0; cut < 2 ** (vertices - 2); cut++) {
        least = Math.min(
          least,
          capacityOut((vertex) => vertex === 0 || (vertex < vertices - 1 && ((cut >> (vertex - 1)) & 1) === 1)),
        );
      }
      expect(total).toBe(least);
      const reachable = flow.reachable(0);
      expect(capacityOut((vertex) => reachable[vertex] as boolean)).toBe(least);

      const net = new Array<number>(vertices).fill(0);
      edges.forEach(([from, to, capacity], i) => {
        const sent = flow.flow(ids[i] as number);
        expect(sent).toBeGreaterThanOrEqual(0);
        expect(sent).toBeLessThanOrEqual(capacity);
        net[from] = (net[from] as number) - sent;
        net[to] = (net[to] as number) + sent;
      });
      expect(net.slice(1, -1).every((value) => value === 0)).toBe(true);
      expect(net.at(-1)).toBe(total);
    }),
  );
});

describe("edges", () => {
  test("capacities near 2^53 add up exactly", () => {
    const flow = new FlowNetwork(3);
    flow.addEdge(0, 1, 2 ** 52);
    flow.addEdge(0, 1, 2 ** 52 - 1);
    flow.addEdge(1, 2, Infinity);
    expect(flow.maxFlow(0, 2)).toBe(Number.MAX_SAFE_INTEGER);
  });
  test("more flow after a new edge", () => {
    const flow = new FlowNetwork(2);
    flow.addEdge(0, 1, 3);
    expect(flow.maxFlow(0, 1)).toBe(3);
    flow.addEdge(0, 1, 4);
    expect(flow.maxFlow(0, 1)).toBe(4);
  });
  test("broken preconditions", () => {
    const flow = new FlowNetwork(2);
    expect(() => flow.addEdge(0, 2, 1)).toThrow(RangeError);
    expect(() => flow.addEdge(0, 1, -1)).toThrow(RangeError);
    expect(() => flow.addEdge(0, 1, Number.NaN)).toThrow(RangeError);
    expect(() => flow.maxFlow(1, 1)).toThrow(RangeError);
    flow.addEdge(0, 1, Infinity);
    expect(() => flow.maxFlow(0, 1)).toThrow(RangeError);
  });
});
