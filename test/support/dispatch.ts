import fc from "fast-check";
import { expect } from "vitest";
import type { LayerDispatch } from "../../src/core/dispatch/layerDispatch.ts";
import type { Routing } from "../../src/core/dispatch/routing.ts";

/** Token table of a dispatch without repeated or empty entries, shape [experts][ranks][ranks]. */
export function table(dispatch: LayerDispatch, experts: number): number[][][] {
  const { ranks } = dispatch;
  const cells = Array.from({ length: experts }, () => Array.from({ length: ranks }, () => new Array<number>(ranks).fill(0)));
  dispatch.tokens.forEach((tokens, i) => {
    const row = cells[dispatch.expert[i]!]![dispatch.source[i]!]!;
    expect(row[dispatch.target[i]!]).toBe(0);
    expect(tokens).toBeGreaterThan(0);
    row[dispatch.target[i]!] = tokens;
  });
  return cells;
}

/** Routing of tokens[expert][rank]. */
export function routingOf(rows: number[][]): Routing {
  return { experts: rows.length, ranks: rows[0]!.length, tokens: Float64Array.from(rows.flat()) };
}

/** A routing of any size of numbers, and replicas that every expert with tokens has. */
export const instances = fc
  .record({
    experts: fc.integer({ min: 1, max: 5 }),
    ranks: fc.integer({ min: 1, max: 6 }),
    most: fc.constantFrom(1, 7, 100, 2 ** 48),
  })
  .chain(({ experts, ranks, most }) =>
    fc.record({
      rows: fc.array(fc.array(fc.integer({ min: 0, max: most }), { minLength: ranks, maxLength: ranks }), {
        minLength: experts,
        maxLength: experts,
      }),
      replicas: fc.array(
        fc
          .array(fc.integer({ min: 0, max: 3 }), { minLength: ranks, maxLength: ranks })
          .filter((copies) => copies.some((count) => count > 0)),
        { minLength: experts, maxLength: experts },
      ),
    }),
  )
  .map(({ rows, replicas }) => ({
    routing: routingOf(rows),
    replicas: replicas.map((copies) => copies.flatMap((count, rank): [number, number][] => (count > 0 ? [[rank, count]] : []))),
  }));
