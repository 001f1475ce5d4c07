import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lazarusDispatch } from "../../src/core/dispatch/lazarusDispatch.ts";
import type { ReplicasByRank } from "../../src/core/dispatch/replicas.ts";
import { evenRouting } from "../../src/core/dispatch/routing.ts";
import { shuffleOf, summarizeDispatch } from "../../src/core/dispatch/summary.ts";
import { instances, routingOf, table } from "../support/dispatch.ts";

describe("lazarusDispatch", () => {
  test("a case worked by hand", () => {
    // Expert 0: 10 tokens, two replicas on rank 0 and one on rank 2: capacities 6 2/3 and 3 1/3, in whole tokens 7 and 3.
    const routing = routingOf([[4, 5, 1]]);
    const replicas: ReplicasByRank = [[[0, 2], [2, 1]]]; // biome-ignore format: pairs
    // Local: 4 on rank 0, 1 on rank 2; rank 1's five go 3 to 2 by residual capacity.
    expect(table(lazarusDispatch(routing, replicas), 1)).toEqual([
      [
        [4, 0, 0],
        [3, 0, 2],
        [0, 0, 1],
      ],
    ]);
  });

  test("every source sends exactly its tokens and every rank takes its capacity, less than one token off", () => {
    fc.assert(
      fc.property(instances, ({ routing, replicas }) => {
        const { experts, ranks } = routing;
        const cells = table(lazarusDispatch(routing, replicas), experts);
        for (let e = 0; e < experts; e++) {
          const wanted = Array.from(routing.tokens.subarray(e * ranks, (e + 1) * ranks));
          expect(cells[e]!.map((row) => row.reduce((a, b) => a + b, 0))).toEqual(wanted);
          const load = wanted.reduce((a, b) => a + BigInt(b), 0n);
          const copies = replicas[e]!.reduce((sum, [, count]) => sum + count, 0);
          for (let rank = 0; rank < ranks; rank++) {
            const taken = cells[e]!.reduce((sum, row) => sum + BigInt(row[rank]!), 0n);
            const held = replicas[e]!.find(([host]) => host === rank)?.[1] ?? 0;
            const drift = taken * BigInt(copies) - load * BigInt(held);
            expect(drift < copies && drift > -copies).toBe(true);
          }
        }
      }),
    );
  });

  test("tokens stay local while capacity lasts and the rest is proportional to what capacity is left", () => {
    fc.assert(
      fc.property(instances, ({ routing, replicas }) => {
        const { experts, ranks } = routing;
        const cells = table(lazarusDispatch(routing, replicas), experts);
        cells.forEach((rows, e) => {
          const tokens = routing.tokens.subarray(e * ranks, (e + 1) * ranks);
          const capacity = rows[0]!.map((_, rank) => rows.reduce((sum, row) => sum + row[rank]!, 0));
          const local = capacity.map((most, rank) => Math.min(most, tokens[rank]!));
          const total = capacity.reduce((sum, most, rank) => sum + BigInt(most - local[rank]!), 0n);
          rows.forEach((row, source) => {
            row.forEach((count, target) => {
              const sent = BigInt(count - (source === target ? local[target]! : 0));
              const left = BigInt(tokens[source]! - local[source]!) * BigInt(capacity[target]! - local[target]!);
              const drift = sent * total - left;
              expect(total === 0n ? sent === 0n : drift <= total && drift >= -total).toBe(true);
            });
          });
        });
      }),
    );
  });

  test("entries ascend by expert, source and target", () => {
    fc.assert(
      fc.property(instances, ({ routing, replicas }) => {
        const dispatch = lazarusDispatch(routing, replicas);
        const keys = Array.from(
          dispatch.expert,
          (e, i) => (e * routing.ranks + dispatch.source[i]!) * routing.ranks + dispatch.target[i]!,
        );
        expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
      }),
    );
  });

  test("rounding does not pile up on the first ranks", () => {
    // 64 experts with one token more than divides, on the same four ranks each.
    const routing = evenRouting(new Array(64).fill(401), 4);
    const hosts: [number, number][] = [0, 1, 2, 3].map((rank) => [rank, 1]);
    const { load } = summarizeDispatch(lazarusDispatch(routing, new Array(64).fill(hosts)));
    expect(Math.max(...load) - Math.min(...load)).toBeLessThanOrEqual(1);
  });

  test("refuses what cannot be dispatched", () => {
    expect(() => lazarusDispatch(routingOf([[0, 0], [1, 0]]), [[[0, 1]], []])).toThrow(RangeError); // biome-ignore format: rows
    expect(lazarusDispatch(routingOf([[0, 0]]), [[]]).tokens).toHaveLength(0);
    expect(() => lazarusDispatch(routingOf([[1, 1]]), [])).toThrow(RangeError);
    expect(() => lazarusDispatch(routingOf([[1, 1]]), [[[2, 1]]])).toThrow(RangeError);
    expect(() => lazarusDispatch(routingOf([[1, 1]]), [[[0, 1], [2, 1]]])).toThrow("rank 2"); // biome-ignore format: rows
    expect(() => lazarusDispatch(routingOf([[0.5, 0.5]]), [[[0, 1]]])).toThrow(RangeError);
    expect(() => lazarusDispatch(routingOf([[-1, 2]]), [[[0, 1]]])).toThrow(RangeError);
    expect(() => lazarusDispatch({ experts: 2, ranks: 2, tokens: new Float64Array(3) }, [[], []])).toThrow(RangeError);
  });
});

test("evenRouting keeps every load, and neither an expert's sources nor the ranks' totals differ by more than one", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 9 }),
      (loads, ranks) => {
        const { tokens } = evenRouting(loads, ranks);
        const rows = loads.map((_, e) => Array.from(tokens.subarray(e * ranks, (e + 1) * ranks)));
        expect(rows.map((row) => row.reduce((a, b) => a + b, 0))).toEqual(loads);
        const totals = Array.from({ length: ranks }, (_, rank) => rows.reduce((sum, row) => sum + row[rank]!, 0));
        for (const row of [...rows, totals]) expect(Math.max(...row) - Math.min(...row)).toBeLessThanOrEqual(1);
      },
    ),
  );
  expect(() => evenRouting([1], 0)).toThrow(RangeError);
});

test("the summary and the shuffle agree with sums over the entries", () => {
  fc.assert(
    fc.property(instances, ({ routing, replicas }) => {
      const { ranks } = routing;
      const cells = table(lazarusDispatch(routing, replicas), routing.experts);
      const sum = (count: (source: number, target: number) => boolean) =>
        cells.reduce(
          (all, rows) => all + rows.flatMap((row, i) => row.filter((_, j) => count(i, j))).reduce((a, b) => a + b, 0),
          0,
        );
      const summary = summarizeDispatch(lazarusDispatch(routing, replicas));
      const { sendOffsets, receiveCounts, receiveOffsets } = shuffleOf(summary.sent);
      for (let i = 0; i < ranks; i++) {
        expect(summary.load[i]).toBe(sum((_, target) => target === i));
        for (let j = 0; j < ranks; j++) {
          expect(summary.sent[i * ranks + j]).toBe(sum((source, target) => source === i && target === j));
          expect(receiveCounts[j * ranks + i]).toBe(summary.sent[i * ranks + j]);
          expect(sendOffsets[i * ranks + j]).toBe(sum((source, target) => source === i && target < j));
          expect(receiveOffsets[i * ranks + j]).toBe(sum((source, target) => target === i && source < j));
        }
      }
      expect(summary.localTokens).toBe(sum((source, target) => source === target));
      expect(summary.remoteTokens).toBe(sum((source, target) => source !== target));
      const total = summary.localTokens + summary.remoteTokens;
      expect(summary.maxOverMean).toBeCloseTo(total === 0 ? 1 : (Math.max(...summary.load) * ranks) / total, 12);
    }),
  );
});
