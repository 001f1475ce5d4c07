/** Repairs of random placements, seen from outside. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomSource } from "../../../src/core/algorithms/random.ts";
import { type ClusterNode, uniformCluster, withLiveGpus } from "../../../src/core/layout/cluster.ts";
import { Infeasible } from "../../../src/core/layout/infeasible.ts";
import { FREE_SLOT, type Placement } from "../../../src/core/layout/placement.ts";
import { makePlacement } from "../../../src/core/placement/makePlacement.ts";
import { planRecovery } from "../../../src/core/reconfigure/planRecovery.ts";
import type { Transfer } from "../../../src/core/reconfigure/reconfigure.ts";
import { few } from "../../support/few.ts";
import { quickPolicy } from "../../support/policy.ts";
import { changes, checkedRecovery, goesOn, heldBefore, speed, waste } from "../../support/repairs.ts";

test("every expert that is somewhere goes on, slots are used as far as they can be, and only what is lacking is sent", () => {
  let repairs = 0;
  fc.assert(
    fc.property(changes, (problem) => {
      const recovery = checkedRecovery(problem);
      if (recovery?.ways.taken !== "repair") return;
      repairs++;
      const { placement } = recovery;
      const cluster = withLiveGpus(placement.cluster);
      const { left } = heldBefore(problem);
      placement.layers.forEach((layer, l) => {
        const { doubled, idle } = waste(cluster, layer);
        expect(idle).toBe(0);
        expect(doubled).toBeLessThanOrEqual(
          problem.policy.shares === "free" ? 0 : waste(withLiveGpus(left.cluster), left.layers[l]!).doubled,
        );
      });
    }),
    few(30),
  );
  expect(repairs).toBeGreaterThan(20);
});

test("where nothing has changed nothing moves", () => {
  fc.assert(
    fc.property(changes, ({ old, policy }) => {
      fc.pre(old.withinBalanceLimit && old.layers.every((layer) => waste(old.cluster, layer).doubled === 0));
      const { change } = goesOn(planRecovery({ old, madeBy: "resilient", failed: [], loads: old.layers, policy, speed }));
      expect(change.transfers).toEqual([]);
    }),
    few(20),
  );
});

test("--max-moves: more moves never survive less, nor as much with busier ranks; no transfer overwrites a last copy", () => {
  let plans = 0;
  fc.assert(
    fc.property(changes, (problem) => {
      let best: { survival: number; balance: number } | undefined;
      for (let maxMoves = 0; maxMoves <= 20; maxMoves++) {
        let recovery: ReturnType<typeof checkedRecovery>;
        try {
          recovery = checkedRecovery({ ...problem, maxMoves });
        } catch (error) {
          // Nodes that leave have to hand everything over.
          if (!(error instanceof Infeasible)) throw error;
          expect(best).toBeUndefined();
          continue;
        }
        if (recovery === undefined) return;
        plans++;
        const { change, survivors, ways } = recovery;
        expect(change.transfers.length).toBeLessThanOrEqual(maxMoves);
        replay(survivors, recovery.placement.layers, change.transfers);
        const { survival, balance } = ways.repair!;
        if (best !== undefined) {
          expect(survival).toBeGreaterThanOrEqual(best.survival - 1e-9);
          // Free shares are found to a tolerance on the way.
          if (survival <= best.survival + 1e-9) {
            expect(balance).toBeLessThanOrEqual(best.balance + (problem.policy.shares === "even" ? 1e-6 : 5e-3));
          }
        }
        best = { survival, balance };
      }
    }),
    few(4),
  );
  expect(plans).toBeGreaterThan(40);
});

test("--max-moves: whoever stops after any transfer survives at least as much as who had moved nothing", () => {
  let stops = 0;
  fc.assert(
    fc.property(changes, (problem) => {
      fc.pre(problem.drained.length === 0);
      const recovery = checkedRecovery({ ...problem, maxMoves: 1000 });
      if (recovery === undefined) return;
      const { survivors, change, policy } = recovery;
      const survival = (nodes: readonly (readonly (readonly number[])[])[]) =>
        survivalByEnumeration(survivors.cluster, nodes, policy.failureUnit === "domain");
      const first = survival(survivors.layers.map((layer) => layer.nodes));
      replay(survivors, recovery.placement.layers, change.transfers, (nodes) => {
        stops++;
        expect(survival(nodes)).toBeGreaterThanOrEqual(first - 1e-9);
      });
    }),
    { ...few(15), endOnFailure: true },
  );
  expect(stops).toBeGreaterThan(60);
});

/** Probability that every expert which is in a slot now still is in one, when each node (or domain) fails with the policy's probability. */
function survivalByEnumeration(
  cluster: readonly ClusterNode[],
  layers: readonly (readonly (readonly number[])[])[],
  domains: boolean,
): number {
  const names = cluster.map(({ name, domain }) => (domains ? (domain ?? name) : name));
  const units = [...new Set(names)];
  const hosts = layers.flatMap((nodes) => {
    const bits = new Map<number, number>();
    nodes.forEach((slots, node) => {
      for (const expert of slots) {
        if (expert !== FREE_SLOT) bits.set(expert, (bits.get(expert) ?? 0) | (1 << units.indexOf(names[node]!)));
      }
    });
    return [...bits.values()];
  });
  const p = quickPolicy.failureProbability;
  let survival = 0;
  for (let failed = 0; failed < 1 << units.length; failed++) {
    if (hosts.some((bits) => (bits & ~failed) === 0)) continue;
    const count = units.filter((_, unit) => (failed >> unit) & 1).length;
    survival += p ** count * (1 - p) ** (units.length - count);
  }
  return survival;
}

/** Writes transfers into slots in their order, and copies within a node as soon as they may be; all but those that leave a last copy. */
function replay(
  from: Placement,
  goal: Placement["layers"],
  transfers: readonly Transfer[],
  visit?: (nodes: readonly (readonly (readonly number[])[])[]) => void,
): void {
  const state = from.layers.map(({ nodes }) => nodes.map((slots) => [...slots]));
  const layerAt = new Map(from.layers.map(({ layer }, l) => [layer, l]));
  const isLast = (l: number, expert: number) =>
    expert !== FREE_SLOT && state[l]!.flat().filter((other) => other === expert).length === 1;
  const write = (l: number, node: number, expert: number) => {
    const slot = goal[l]!.nodes[node]!.findIndex(
      (wanted, at) => wanted === expert && state[l]![node]![at] !== expert && !isLast(l, state[l]![node]![at]!),
    );
    if (slot >= 0) state[l]![node]![slot] = expert;
    return slot >= 0;
  };
  const copyWithin = () =>
    goal.forEach(({ nodes }, l) => {
      nodes.forEach((slots, node) => {
        for (const expert of slots) if (state[l]![node]!.includes(expert)) write(l, node, expert);
      });
    });
  for (const { layer, expert, to } of transfers) {
    if (!write(layerAt.get(layer)!, to, expert)) {
      copyWithin();
      expect(write(layerAt.get(layer)!, to, expert)).toBe(true);
    }
    visit?.(state);
  }
  if (visit !== undefined) return;
  for (let turn = 0; turn < 20; turn++) copyWithin();
  // Free shares have one copy of an expert on a GPU; the others are forgotten.
  goal.forEach(({ nodes }, l) => {
    nodes.forEach((slots, node) => {
      slots.forEach((expert, at) => {
        if (expert !== FREE_SLOT) expect(state[l]![node]![at]).toBe(expert);
      });
    });
  });
}

test("50 failures and joins in a row, of nodes and GPUs, lose no expert that some node still holds", () => {
  const turns = few(50).numRuns;
  for (const shares of ["free", "even"] as const) {
    const policy = { ...quickPolicy, shares };
    const loads = [0, 1].map((layer) => ({ layer, loads: [90, 60, 40, 31, 20, 12, 5, 0] }));
    let old: Placement = makePlacement(uniformCluster(6, 4, 2), loads, policy);
    const random = randomSource(7);
    let ended = 0;
    for (let turn = 0; turn < turns; turn++) {
      const live = withLiveGpus(old.cluster);
      const fewest = live.reduce((sum, { slots }) => sum + slots, 0) <= 16;
      const node = random.below(live.length);
      const dead = old.cluster[node]!.deadGpus ?? [];
      const change =
        fewest || random.uniform() < 0.45
          ? dead.length > 0
            ? { failed: [], joinedGpus: dead.map((gpu) => ({ node, gpu })) }
            : { failed: [], joined: old.cluster.length < 9 ? 1 : 0 }
          : random.uniform() < 0.5
            ? { failed: [], failedGpus: [{ node, gpu: random.below(2) }] }
            : { failed: [node] };
      const recovery = checkedRecovery({ old, madeBy: "resilient", policy, slots: 4, gpus: 2, prefer: "auto", speed, ...change });
      if (recovery === undefined) ended++;
      else old = recovery.placement;
    }
    expect(ended).toBeLessThan(turns / 10);
  }
});
