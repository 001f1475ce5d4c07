import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClusterNode, uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, type Placement } from "../../src/core/layout/placement.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { type GoesOn, planRecovery, type Recovery, type RecoveryProblem } from "../../src/core/reconfigure/planRecovery.ts";
import { rehearsalOf } from "../../src/core/reconfigure/rehearsal.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { few } from "../support/few.ts";
import { quickPolicy } from "../support/policy.ts";
import { holdings } from "../support/reconfiguration.ts";

const speed = { expertBytes: 8, bandwidth: 2, detectSeconds: 15, regroupSeconds: 10 };
const policy = { ...quickPolicy, minReplicas: 1 };
const recovered = (problem: Omit<RecoveryProblem, "speed" | "policy"> & Pick<Partial<RecoveryProblem>, "policy">): Recovery =>
  planRecovery({ madeBy: policy.placement, policy, speed, ...problem });
const goesOn = (recovery: Recovery): GoesOn => {
  if (!recovery.recoverable) throw new Error(recovery.because);
  return recovery;
};

/** Experts on one node each, but for the copies that there is room for. */
const instances = fc
  .record({
    nodes: fc.integer({ min: 3, max: 6 }),
    experts: fc.integer({ min: 2, max: 8 }),
    layers: fc.integer({ min: 1, max: 2 }),
    drained: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 2 }),
    failed: fc.uniqueArray(fc.nat(5), { maxLength: 1 }),
    joined: fc.nat(1),
    slots: fc.integer({ min: 2, max: 5 }),
    gpus: fc.constantFrom(1, 2),
    failureUnit: fc.constantFrom("node" as const, "gpu" as const),
    loads: fc.array(fc.nat(30), { minLength: 16, maxLength: 16 }),
  })
  .filter(({ nodes, drained, failed, joined, slots, gpus, experts }) => {
    const gone = new Set([...drained, ...failed]);
    return (
      slots % gpus === 0 && Math.max(...gone) < nodes && (nodes - gone.size + joined) * slots >= experts && gone.size < nodes
    );
  })
  .map(({ nodes, experts, layers, slots, gpus, loads, failureUnit, ...change }) => {
    const layered = Array.from({ length: layers }, (_, layer) => ({
      layer,
      loads: loads.slice(layer * experts, (layer + 1) * experts),
    }));
    const used = { ...policy, failureUnit };
    const old: Placement = makePlacement(uniformCluster(nodes, slots, gpus), layered, used);
    return { problem: { old, policy: used, ...change }, ...change };
  });

/** Experts in the order of their numbers on the nodes, then copies of any, so that what leaves often has the only one. */
const packed = fc
  .record({
    nodes: fc.integer({ min: 3, max: 5 }),
    slots: fc.integer({ min: 2, max: 4 }),
    drained: fc.integer({ min: 1, max: 2 }),
    copies: fc.array(fc.nat(99), { minLength: 20, maxLength: 20 }),
    failureUnit: fc.constantFrom("node" as const, "gpu" as const),
  })
  .map(({ nodes, slots, drained, copies, failureUnit }) => {
    const experts = slots * (nodes - drained);
    const rows = Array.from({ length: nodes }, (_, n) =>
      Array.from({ length: slots }, (_, s) => (n * slots + s < experts ? n * slots + s : copies[n * slots + s]! % experts)),
    );
    const layer = { layer: 0, loads: copies.slice(0, experts), nodes: rows, replicas: countReplicas(experts, rows) };
    const old: Placement = { cluster: uniformCluster(nodes, slots), layers: [layer] };
    return { old, policy: { ...policy, failureUnit }, failed: [], drained: Array.from({ length: drained }, (_, n) => n) };
  });

describe("nodes that leave", () => {
  test("hand over what only they hold with as few moves as there are such experts, where there is room", () => {
    const old = makePlacement(uniformCluster(3, 4), [{ layer: 0, loads: [9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1] }], policy);
    const change = { old, failed: [], drained: [1], joined: 3 };
    const { change: made, placement } = goesOn(recovered({ ...change, maxMoves: 4 }));
    expect(made.transfers).toHaveLength(4);
    expect(placement.layers[0]!.replicas.every((copies) => copies > 0)).toBe(true);
    expect(() => recovered({ ...change, maxMoves: 3 })).toThrow(/1 of 4 experts .* would not be handed over; allow 4 moves/);
  });

  test("need a move for each expert that only they hold, whoever has to make room, and are refused fewer", () => {
    let tight = 0;
    fc.assert(
      fc.property(packed, (problem) => {
        const live = survivors(problem.old, [], [], problem.drained);
        const least = live.holders.flat().filter((nodes) => nodes.length === 0).length;
        const { change, placement } = goesOn(recovered({ ...problem, maxMoves: least }));
        expect(change.transfers.length).toBeLessThanOrEqual(least);
        expect(placement.layers.every(({ replicas }) => !replicas.includes(0))).toBe(true);
        if (least === 0) return;
        tight++;
        expect(() => recovered({ ...problem, maxMoves: least - 1 })).toThrow(`allow ${least} moves`);
      }),
      { numRuns: 40 },
    );
    expect(tight).toBeGreaterThan(20);
  });

  test("hand over what they hold: nothing is lost but what fails, and everything moves from who holds it to who stays", () => {
    fc.assert(
      fc.property(instances, ({ problem, drained, failed }) => {
        const { old } = problem;
        const recovery = recovered(problem);
        const held = holdings(old);
        const alive = held.filter((_, node) => !failed.includes(node));
        const experts = old.layers.flatMap(({ layer, loads }) => loads.map((_, expert) => `${layer} ${expert}`));
        const dead = experts.filter((expert) => !alive.some((holds) => holds.has(expert)));
        expect(recovery.recoverable).toBe(dead.length === 0);
        if (!recovery.recoverable) {
          expect(recovery.lost.map(({ layer, expert }) => `${layer} ${expert}`)).toEqual(dead);
          return;
        }
        const { change, placement, survivors: live, seconds } = recovery;
        const leaving = drained.filter((node) => !failed.includes(node)).sort((a, b) => a - b);
        expect(live.oldNode.some((node) => drained.includes(node) || failed.includes(node))).toBe(false);
        const senders = [...live.oldNode, ...leaving].map((node) => (node < 0 ? new Set<string>() : held[node]!));
        const after = senders.map((holds) => new Set(holds));
        for (const { layer, expert, from, to } of change.transfers) {
          expect(to).toBeLessThan(live.cluster.length);
          expect(senders[from]!.has(`${layer} ${expert}`)).toBe(true);
          expect(after[to]!.has(`${layer} ${expert}`)).toBe(false);
          after[to]!.add(`${layer} ${expert}`);
        }
        holdings(placement).forEach((holds, node) => {
          for (const expert of holds) expect(after[node]!.has(expert)).toBe(true);
        });
        expect(new Set(holdings(placement).flatMap((holds) => [...holds])).size).toBe(experts.length);
        for (let round = 0; round < change.rounds; round++) {
          const busy = change.transfers.filter((transfer) => transfer.round === round);
          expect(new Set(busy.map(({ from }) => from)).size).toBe(busy.length);
          expect(new Set(busy.map(({ to }) => to)).size).toBe(busy.length);
        }
        expect(seconds.detectSeconds).toBe(failed.length === 0 ? 0 : 15);
        expect(seconds.regroupSeconds).toBe(10);
      }),
      few(35),
    );
  });

  const single: Placement = {
    cluster: uniformCluster(3, 2),
    layers: [
      {
        layer: 0,
        loads: [5, 4, 3, 2],
        replicas: [1, 1, 2, 2],
        nodes: [
          [0, 1],
          [2, 3],
          [2, 3],
        ],
      },
    ], // prettier-ignore
  };

  test("whose experts nobody else holds send them, which no failure could", () => {
    expect(recovered({ old: single, failed: [0] })).toMatchObject({ recoverable: false, because: "experts are lost" });
    const { change } = goesOn(recovered({ old: single, failed: [], drained: [0] }));
    // Live nodes are 0 and 1, and who leaves is 2.
    expect(change.transfers.map(({ expert, from }) => [expert, from]).sort()).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  test("send beside the live owners, so that the busiest sends less", () => {
    const cluster: ClusterNode[] = uniformCluster(4, 4);
    const [all, none] = [
      [0, 1, 2, 3],
      [-1, -1, -1, -1],
    ];
    const layers = [{ layer: 0, loads: [1, 1, 1, 1], replicas: [2, 2, 2, 2], nodes: [all, all, none, none] }];
    const old = { cluster, layers };
    // Eight copies go to two empty nodes, from two senders or from one.
    expect(goesOn(recovered({ old, failed: [], drained: [1] })).change.rounds).toBe(4);
    expect(goesOn(recovered({ old, failed: [1] })).change.rounds).toBe(8);
    const left = survivors(old, [], [], [1]);
    expect(survivors(old, [1], [], [1]).leaving).toBeUndefined();
    expect(left.leaving).toMatchObject({ oldNode: [1], holders: [[[3], [3], [3], [3]]] });
    expect(left.holders[0]).toEqual([[0], [0], [0], [0]]);
  });

  test("are in a rehearsal as they are, and keep what they hold", () => {
    const { survivors: live, change } = goesOn(recovered({ old: single, failed: [1], drained: [0], joined: 1 }));
    expect(
      rehearsalOf(single, live, change).nodes.map(({ name, fails, holds, shallHold }) => [name, fails, holds, shallHold.length]),
    ).toEqual([
      ["node2", false, ["0/2", "0/3"], 2],
      ["node3", false, [], 2],
      ["node0", false, ["0/0", "0/1"], 2],
      ["node1", true, ["0/2", "0/3"], 0],
    ]); // prettier-ignore
  });

  test("are not all nodes, and not more than few moves hand over", () => {
    expect(() => recovered({ old: single, failed: [2], drained: [0, 1] })).toThrow("no node would be left");
    expect(goesOn(recovered({ old: single, failed: [], drained: [0, 1, 2], joined: 2 })).change.transfers).toHaveLength(4);
    expect(() => recovered({ old: single, failed: [], drained: [0], maxMoves: 1 })).toThrow(/experts .* not be handed over/);
    // As many moves as it takes hand everything over.
    expect(goesOn(recovered({ old: single, failed: [], drained: [0], maxMoves: 2 })).change.transfers).toHaveLength(2);
    expect(() => recovered({ old: single, failed: [], drained: [7] })).toThrow(RangeError);
  });
});
