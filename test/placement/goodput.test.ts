import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planCost } from "../../src/core/cost/planCost.ts";
import { stepSeconds } from "../../src/core/cost/stepCost.ts";
import { trainingCosts } from "../../src/core/cost/trainingCosts.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { hostSets, type LayerLoads } from "../../src/core/layout/placement.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { placeHosts } from "../../src/core/placement/resilient/search/placeHosts.ts";
import { resilientHostSets } from "../../src/core/placement/resilient/search/resilientHostSets.ts";
import type { Outcome, StepGoal } from "../../src/core/placement/resilient/stepGoal.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";

/** Without traffic, of which the search knows an estimate only. */
const costs = { base: 0.1, perCompute: 0.05, perTraffic: 0, perSync: 0.02 };
/** Seconds matter, and so does survival, which is worth `weight` times as much. */
const worthWith =
  (weight: number) =>
  ({ survival, seconds }: Outcome) =>
    survival ** weight / seconds;

const skewed = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 })
  .map((powers) => powers.map((p) => 2 ** p));

describe("placement for what a plan is worth", () => {
  const problems = fc.record({
    loads: fc.array(
      fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 })).map((pair): number[] => pair),
      { minLength: 2, maxLength: 2 },
    ),
    weight: fc.integer({ min: 1, max: 4 }),
    probability: fc.constantFrom(0.05, 0.2, 0.4),
  });

  test("is within 2 % of the best of all placements, wherever all can be tried", () => {
    fc.assert(
      fc.property(problems, ({ loads, weight, probability }) => {
        const cluster = uniformCluster(4, 1);
        const layers: LayerLoads[] = loads.map((tokens, layer) => ({ layer, loads: tokens }));
        const worth = worthWith(weight);
        const found = resilientHostSets(
          { cluster, layers, minReplicas: 1 },
          { failureModel: { unit: "node", probability }, balanceSlack: Number.POSITIVE_INFINITY, goal: { costs, worth } },
        );
        const value = worth({ survival: found.survival, seconds: found.step!.seconds });
        const best = bestOfAll(layers, probability, worth);
        expect(value).toBeLessThanOrEqual(best * (1 + 1e-9));
        expect(value).toBeGreaterThanOrEqual(0.98 * best);
      }),
      { numRuns: 20 },
    );
  });

  /** Tries all host sets of two layers of two experts on four nodes of one slot. */
  function bestOfAll(layers: readonly LayerLoads[], probability: number, worth: (outcome: Outcome) => number): number {
    const cluster = uniformCluster(4, 1);
    const sets = Array.from({ length: 15 }, (_, i) => i + 1);
    const pairs = sets.flatMap((first) => sets.filter((second) => (first & second) === 0).map((second) => [first, second]));
    const measured = layers.map((layer) =>
      pairs.map((pair) => planCost({ cluster, layers: [placeHosts(cluster, layer, pair.map(nodesOf))] }, "free")),
    );
    // Synchronisation of the busiest node counts over all layers together.
    const sync = (chosen: readonly number[]) =>
      Math.max(
        ...[0, 1, 2, 3].map((node) =>
          chosen
            .filter((set) => (set >> node) & 1)
            .map((set) => 1 - 1 / nodesOf(set).length)
            .reduce((sum, part) => sum + part, 0),
        ),
      );
    let best = 0;
    pairs.forEach((first, i) => {
      pairs.forEach((second, j) => {
        const chosen = [...first, ...second];
        let survival = 0;
        for (let failed = 0; failed < 16; failed++) {
          if (chosen.some((set) => (set & ~failed) === 0)) continue;
          const count = nodesOf(failed).length;
          survival += probability ** count * (1 - probability) ** (4 - count);
        }
        const [one, other] = [measured[0]![i]!, measured[1]![j]!];
        const cost = { compute: one.compute + other.compute, traffic: one.traffic + other.traffic, sync: sync(chosen) };
        best = Math.max(best, worth({ survival, seconds: stepSeconds(costs, cost) }));
      });
    });
    return best;
  }

  function nodesOf(set: number): number[] {
    return [0, 1, 2, 3].filter((node) => (set >> node) & 1);
  }
});

test("while the host sets of one layer change, the time of all layers counts", () => {
  // Slots hold one copy of each expert: whatever changes, every layer waits for the node with its hottest one.
  const loads = [
    [70, 10, 10, 10],
    [40, 40, 10, 10],
    [10, 10, 20, 60],
  ];
  const cluster = uniformCluster(4, 1);
  const layers: LayerLoads[] = loads.map((tokens, layer) => ({ layer, loads: tokens }));
  const beyondEven = loads.map((tokens) => costs.perCompute * (Math.max(...tokens) / 25 - 1));
  const even = costs.base + 3 * costs.perCompute;
  const seen: number[] = [];
  const worth = ({ seconds, survival }: Outcome) => {
    seen.push(seconds);
    return survival / seconds;
  };
  resilientHostSets(
    { cluster, layers, minReplicas: 1 },
    {
      failureModel: { unit: "node", probability: 0.1 },
      balanceSlack: Number.POSITIVE_INFINITY,
      goal: { costs, worth },
      effort: "fast",
    },
  );
  const times = (seconds: number) => seen.filter((own) => Math.abs(own - seconds) < 1e-9).length;
  expect(times(even + beyondEven.reduce((sum, own) => sum + own, 0))).toBeGreaterThan(100);
  // Layers are added up in their order; one of the others by itself is seen when it is set up, before it hears of the rest.
  expect([times(even + beyondEven[1]!), times(even + beyondEven[2]!)]).toEqual([1, 1]);
});

describe("searches where step time counts", () => {
  const problems = fc.record({
    nodes: fc.integer({ min: 3, max: 6 }),
    loads: fc.array(skewed, { minLength: 1, maxLength: 3 }),
    seed: fc.nat(1000),
  });
  const large = fc.record({
    nodes: fc.integer({ min: 8, max: 9 }),
    loads: fc.array(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 10, maxLength: 10 }), {
      minLength: 3,
      maxLength: 3,
    }),
    seed: fc.nat(1000),
  });
  const layersOf = (loads: readonly (readonly number[])[]): LayerLoads[] =>
    loads.map((tokens, layer) => ({ layer, loads: [...tokens] }));

  test("never find less with more effort", () => {
    fc.assert(
      fc.property(large, ({ nodes, loads, seed }) => {
        const goal: StepGoal = { costs: { ...costs, perTraffic: 0.1 }, worth: worthWith(2) };
        const problem = { cluster: uniformCluster(nodes, 4), layers: layersOf(loads), minReplicas: 2 };
        const worthAt = (effort: "fast" | "normal", shouldStop: () => boolean) => {
          const options = { goal, effort, seed, balanceSlack: Number.POSITIVE_INFINITY, shouldStop };
          const { survival, step } = resilientHostSets(problem, options);
          return worthWith(2)({ survival, seconds: step!.seconds });
        };
        let asked = 0;
        const fast = worthAt("fast", () => ++asked < 0);
        // Stopped where the lesser effort ends, the greater one has found that much already.
        const normal = worthAt("normal", () => --asked < 0);
        expect(normal).toBeGreaterThanOrEqual(fast);
      }),
      { numRuns: 4 },
    );
  });

  test("keep a budget of the paper's step, whatever the balance limit says", () => {
    const job = { model: modelPreset("gpt-l")!, hardware: hardwarePreset("rtx3090")!, gradientAccumulation: 1 };
    const base = { allocation: "lazarus", minReplicas: 2, failureProbability: 0.1, effort: "fast" } as const;
    fc.assert(
      fc.property(problems, fc.constantFrom(0, 0.02, 0.5), ({ nodes, loads, seed }, balanceSlack) => {
        const cluster = uniformCluster(nodes, 3);
        const layers = layersOf(loads);
        const published = makePlacement(cluster, layers, { ...base, placement: "mro", seed });
        fc.pre(published.layers.flatMap(hostSets).every((hosts) => hosts.length >= 2));
        const training = trainingCosts(job, nodes);
        const policy: Policy = { ...base, placement: "resilient", seed, training, stepBudget: 1, balanceSlack };
        const made = makePlacement(cluster, layers, policy);
        expect(made.withinStepBudget).toBe(true);
        const longest = Math.max(
          ...(["even", "free"] as const).map((shares) => stepSeconds(training, planCost(published, shares))),
        );
        expect(stepSeconds(training, planCost(made, "free"))).toBeLessThanOrEqual(longest * (1 + 1e-12));
      }),
      { numRuns: 20 },
    );
  });
});
