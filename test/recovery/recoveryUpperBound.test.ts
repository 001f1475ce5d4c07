import { describe, expect, test } from "vitest";
import { certifies } from "../../src/core/recovery/certifies.ts";
import { freeRecoveryUpperBound } from "../../src/core/recovery/freeRecoveryUpperBound.ts";
import { recoveryProbabilities } from "../../src/core/recovery/recoveryProbabilities.ts";
import { recoveryUpperBound } from "../../src/core/recovery/recoveryUpperBound.ts";
import { everyPlacement, recoveryByTrial, sizeOf } from "../support/everyPlacement.ts";

/** Best recovery probabilities, each k by itself, of the placements with some ascending numbers of hosts. */
interface Reached {
  readonly hosts: readonly number[];
  readonly best: readonly number[];
}

function everyReached(experts: number, slots: readonly number[]): Reached[] {
  const reached = new Map<string, Reached>();
  everyPlacement(experts, slots, (sets) => {
    const hosts = sets.map(sizeOf).sort((a, b) => a - b);
    const recovery = recoveryByTrial(sets, slots.length);
    const before = reached.get(hosts.join())?.best ?? recovery;
    reached.set(hosts.join(), { hosts, best: recovery.map((value, i) => Math.max(value, before[i] as number)) });
  });
  return [...reached.values()];
}

function expectValid(bound: readonly number[], reached: readonly number[]): void {
  reached.forEach((value, i) => {
    expect(bound[i]).toBeGreaterThanOrEqual(value - 1e-12);
  });
}

/** Ascending replica counts that fit the slots. */
function everyReplicas(experts: number, nodes: number, slots: number, counts: number[] = []): number[][] {
  if (counts.length === experts) return [counts];
  const all: number[][] = [];
  for (let count = counts.at(-1) ?? 1; count <= Math.min(nodes, slots); count++) {
    all.push(...everyReplicas(experts, nodes, slots - count, [...counts, count]));
  }
  return all;
}

const clusters = [
  { slots: [2, 2, 2], experts: 4 },
  { slots: [3, 3, 3], experts: 4 },
  { slots: [1, 2, 3], experts: 4 },
  { slots: [1, 3, 1, 1], experts: 3 },
  { slots: [2, 2, 2, 2], experts: 4 },
  { slots: [2, 2, 2, 2], experts: 5 },
  { slots: [1, 1, 1, 1, 1], experts: 3 },
  { slots: [2, 1, 2, 1, 1], experts: 3 },
  { slots: [2, 2, 2, 2, 2], experts: 4 },
  { slots: [2, 2, 2, 2, 2], experts: 5 },
];

describe.each(clusters)("slots $slots, $experts experts, against every placement", ({ slots, experts }) => {
  const reached = everyReached(experts, slots);
  const free = freeRecoveryUpperBound(experts, slots);
  test("the bound for free replica counts holds", () => {
    for (const { best } of reached) {
      expectValid(free, best);
      expectValid(freeRecoveryUpperBound(experts, slots, 0), best);
    }
  });
  test("the bound for given replica counts holds, copies on one node included, and is within the free one", () => {
    const total = slots.reduce((sum, count) => sum + count, 0);
    for (const replicas of everyReplicas(experts, slots.length, total)) {
      const bound = recoveryUpperBound([replicas], slots);
      expectValid(free, bound);
      for (const { hosts, best } of reached) {
        if (hosts.every((count, e) => count <= (replicas[e] as number))) expectValid(bound, best);
      }
    }
  });
});

describe("certificates", () => {
  test("N=6, c=2, r=(2,3,3,4): MRO's groups are optimal", () => {
    const recovery = recoveryProbabilities(
      [
        [0, 1],
        [0, 1],
        [2, 3, 4],
        [2, 3, 4],
      ],
      6,
    );
    expect(certifies(recoveryUpperBound([[2, 3, 3, 4]], new Array<number>(6).fill(2)), recovery)).toBe(true);
  });
  test("N=5, c=2, r=2: MRO's groups are not", () => {
    const recovery = recoveryProbabilities([[0, 1], [2, 3], [4]], 5);
    expect(certifies(recoveryUpperBound([[2, 2, 2, 2, 2]], new Array<number>(5).fill(2)), recovery)).toBe(false);
  });
  test("estimates certify nothing", () => {
    expect(certifies([0], { method: "sampling", failures: [{ failed: 1, probability: 1 }], tolerates: 1 })).toBe(false);
  });
});

test("N=5, c=2: ten replicas are best used as five pairs, and no placement survives two failures in more than 6 of 10 cases", () => {
  const slots = [2, 2, 2, 2, 2];
  expect(recoveryUpperBound([[2, 2, 2, 2, 2]], slots)).toEqual([1, 0.6, 0, 0, 0]);
  expect(freeRecoveryUpperBound(5, slots)).toEqual([1, 0.6, 0, 0, 0]);
});

describe("closed forms", () => {
  test("one expert: the bound is that not all of its hosts fail", () => {
    expect(recoveryUpperBound([[3]], [1, 1, 1, 1, 1])).toEqual([1, 1, 0.9, 0.6, 0]);
  });
  test("c divides E and the groups fill the nodes: the bound is the product over groups", () => {
    const bound = recoveryUpperBound([new Array<number>(16).fill(16)], new Array<number>(128).fill(2));
    const groups = Array.from({ length: 8 }, (_, g) => Array.from({ length: 16 }, (_, i) => 16 * g + i));
    recoveryProbabilities(groups, 128).failures.forEach(({ probability }, i) => {
      expect(bound[i]).toBeCloseTo(probability, 11);
    });
    freeRecoveryUpperBound(16, new Array<number>(128).fill(2)).forEach((value, i) => {
      expect(value).toBeCloseTo(bound[i] as number, 11);
    });
  });
  test("layers fail together: the least bound counts", () => {
    const slots = [2, 2, 2, 2];
    const [a, b] = [
      [2, 2, 4],
      [1, 3, 4],
    ];
    const joint = recoveryUpperBound([a, b], slots);
    const alone = [recoveryUpperBound([a], slots), recoveryUpperBound([b], slots)];
    expect(joint).toEqual(joint.map((_, i) => Math.min(alone[0]?.[i] as number, alone[1]?.[i] as number)));
  });
  test("one slot a node: the groups are disjoint, and the best sizes are nearly equal", () => {
    const groups = [
      [0, 1],
      [2, 3],
      [4, 5, 6],
    ];
    recoveryProbabilities(groups, 7).failures.forEach(({ probability }, i) => {
      expect(freeRecoveryUpperBound(3, new Array<number>(7).fill(1))[i]).toBeCloseTo(probability, 12);
    });
  });
  test("slots that do not hold the experts bound everything by 0", () => {
    expect(recoveryUpperBound([[1, 1, 1]], [1, 1])).toEqual([0, 0]);
    expect(freeRecoveryUpperBound(3, [1, 1])).toEqual([0, 0]);
  });
  test.each([
    [[], [1]],
    [[[]], [1]],
    [[[1.5]], [1]],
    [[[1]], []],
    [[[1]], [0]],
  ])("replicas %j on slots %j are refused", (replicas, slots) => {
    expect(() => recoveryUpperBound(replicas, slots)).toThrow(RangeError);
  });
});
