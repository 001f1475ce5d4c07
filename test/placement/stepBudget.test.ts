import { expect, test } from "vitest";
import { planCost } from "../../src/core/cost/planCost.ts";
import { stepSeconds } from "../../src/core/cost/stepCost.ts";
import { trainingCosts } from "../../src/core/cost/trainingCosts.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, hostSets } from "../../src/core/layout/placement.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";
import { everyPlacement, nodesIn, recoveryByTrial } from "../support/everyPlacement.ts";
import { permutations } from "../support/permutations.ts";

const NODES = 4;
const SLOTS = 2;
const LOADS = [60, 25, 15];
const PROBABILITY = 0.1;
const cluster = uniformCluster(NODES, SLOTS);
const job = { model: modelPreset("gpt-s")!, hardware: hardwarePreset("rtx3090")!, gradientAccumulation: 1 };
const training = trainingCosts(job, NODES);
const base: Policy = {
  placement: "resilient",
  allocation: "lazarus",
  minReplicas: 1,
  seed: 0,
  failureProbability: PROBABILITY,
  effort: "fast",
  training,
  balanceSlack: Number.POSITIVE_INFINITY,
};

/** Probability that all experts live, from the probabilities for 1..nodes failed nodes. */
function survivalOf(sets: readonly number[]): number {
  return [1, ...recoveryByTrial(sets, NODES)].reduce((sum, probability, failed) => {
    const choose = [1, 4, 6, 4, 1][failed]!;
    return sum + choose * probability * PROBABILITY ** failed * (1 - PROBABILITY) ** (NODES - failed);
  }, 0);
}

/** Survival and step time of every placement. */
const all: { survival: number; seconds: number }[] = [];
everyPlacement(LOADS.length, new Array<number>(NODES).fill(SLOTS), (sets) => {
  for (const order of permutations(LOADS.length)) {
    const nodes = cluster.map((_, node) => {
      const held = order.flatMap((set, expert) => (nodesIn(sets[set]!, NODES).includes(node) ? [expert] : []));
      return [...held, ...new Array<number>(SLOTS - held.length).fill(FREE_SLOT)];
    });
    const layer = { layer: 0, loads: LOADS, nodes, replicas: countReplicas(LOADS.length, nodes) };
    const seconds = stepSeconds(training, planCost({ cluster, layers: [layer] }, "free"));
    all.push({ survival: survivalOf(sets), seconds });
  }
});
const fastest = Math.min(...all.map(({ seconds }) => seconds));
const place = (policy: Partial<Policy>) => {
  const made = makePlacement(cluster, [{ layer: 0, loads: LOADS }], { ...base, ...policy });
  const sets = hostSets(made.layers[0]!).map((hosts) => hosts.reduce((mask, node) => mask | (1 << node), 0));
  return {
    survival: survivalOf(sets),
    seconds: stepSeconds(training, planCost(made, "free")),
    sync: planCost(made, "free").sync,
  };
};
const paper = stepSeconds(
  training,
  planCost(makePlacement(cluster, [{ layer: 0, loads: LOADS }], { ...base, placement: "mro" }), "even"),
);

test("within a step budget, no placement at all survives more", () => {
  for (const factor of [1.001, 1.02, 1.05, 1.1, 1.3, 2]) {
    const budget = fastest * factor;
    const within = all.filter(({ seconds }) => seconds <= budget);
    const best = Math.max(...within.map(({ survival }) => survival));
    const made = place({ stepBudget: budget / paper });
    expect(made.seconds, `budget ${factor}`).toBeLessThanOrEqual(budget * (1 + 1e-9));
    expect(made.survival, `budget ${factor}`).toBeCloseTo(best, 9);
  }
});
