import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, type Placement } from "../../src/core/layout/placement.ts";
import { type GoesOn, planRecovery, type RecoveryProblem } from "../../src/core/reconfigure/planRecovery.ts";
import { chooseReaders } from "../../src/core/reconfigure/restore.ts";
import { readTurns } from "../../src/core/reconfigure/tierSeconds.ts";
import { hostCopies, neighbourCopies } from "../../src/core/recovery/hostCopies.ts";
import { few } from "../support/few.ts";
import { quickPolicy } from "../support/policy.ts";
import { holdings } from "../support/reconfiguration.ts";

const policy = { ...quickPolicy, minReplicas: 1 };
const speed = {
  expertBytes: 12,
  bandwidth: 6,
  detectSeconds: 15,
  regroupSeconds: 10,
  rates: { host: 4, store: 3, storeNode: 2 },
};
const goesOn = (problem: Omit<RecoveryProblem, "policy" | "speed">): GoesOn => {
  const recovery = planRecovery({ madeBy: policy.placement, policy, speed, ...problem });
  if (!recovery.recoverable) throw new Error(recovery.because);
  return recovery;
};

/** Fewest turns for reads of one of some nodes each: every choice of nodes, every order. */
function fewestTurns(hosts: readonly (readonly number[])[], lanes: number): number {
  const best = new Map<string, number>();
  const turns = (nodes: readonly number[]): number => {
    if (nodes.length === 0) return 0;
    const key = nodes.join();
    const known = best.get(key);
    if (known !== undefined) return known;
    let least = Infinity;
    for (let set = 1; set < 1 << nodes.length; set++) {
      const now = nodes.filter((_, i) => (set >> i) & 1);
      if (now.length > lanes || new Set(now).size < now.length) continue;
      least = Math.min(least, 1 + turns(nodes.filter((_, i) => !((set >> i) & 1))));
    }
    best.set(key, least);
    return least;
  };
  const choose = (chosen: readonly number[]): number =>
    chosen.length === hosts.length
      ? turns([...chosen].sort())
      : Math.min(...hosts[chosen.length]!.map((node) => choose([...chosen, node])));
  return choose([]);
}

test("readers and turns of the store are as good as any: by brute force", () => {
  const hosts = fc.array(fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }), { maxLength: 5 });
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 4 }), (candidates, lanes) => {
      const readers = chooseReaders(candidates, 4);
      readers.forEach((reader, i) => {
        expect(candidates[i]).toContain(reader);
      });
      const turns = readTurns(readers, lanes);
      const last = Math.max(-1, ...turns);
      for (let turn = 0; turn <= last; turn++) {
        const now = readers.filter((_, i) => turns[i] === turn);
        expect(now.length).toBeLessThanOrEqual(lanes);
        expect(new Set(now).size).toBe(now.length);
      }
      expect(last + 1).toBe(fewestTurns(candidates, lanes));
    }),
    few(150),
  );
});

/** One layer on nodes of one GPU. */
function placed(nodes: number[][]): Placement {
  const experts = 1 + Math.max(...nodes.flat());
  const loads = Array.from({ length: experts }, (_, e) => experts - e);
  return {
    cluster: uniformCluster(nodes.length, nodes[0]!.length),
    layers: [{ layer: 0, loads, nodes, replicas: countReplicas(experts, nodes) }],
  };
}

describe("lost experts", () => {
  const old = placed([
    [0, 1, 2],
    [3, 4, 5],
    [0, 1, 2],
    [0, 1, 2],
  ]);

  test("come from the store, each once, and are sent on after it", () => {
    const { change, restored, seconds, placement } = goesOn({ old, failed: [1], restorable: { store: true } });
    expect(restored.map(({ expert, tier }) => [expert, tier])).toEqual([3, 4, 5].map((expert) => [expert, "store"]));
    // On one node they lose least, where one failure of three is fatal. 8 s a read in one of two lanes of 1.5 B/s, one after the other.
    expect(new Set(restored.map(({ to }) => to)).size).toBe(1);
    expect(restored.map((copy) => copy.seconds).sort((a, b) => a - b)).toEqual([8, 16, 24]);
    const stored = change.transfers.filter(({ expert }) => expert >= 3);
    const rounds = new Set(stored.map(({ round }) => round)).size;
    expect(seconds.tiers).toEqual({ network: stored.length === 0 ? 2 * change.rounds : 24 + 2 * rounds, host: 0, store: 24 });
    expect(seconds.transferSeconds).toBe(Math.max(24, seconds.tiers!.network));
    expect(placement.layers[0]!.replicas.every((copies) => copies > 0)).toBe(true);
  });

  test("are all read from the store by nodes that join, where every old one failed: each once", () => {
    const failed = [0, 1, 2, 3];
    const { change, restored, placement, ways } = goesOn({ old, failed, joined: 3, restorable: { store: true } });
    expect(restored.map(({ expert, tier }) => [expert, tier])).toEqual([0, 1, 2, 3, 4, 5].map((expert) => [expert, "store"]));
    for (const { expert, to } of restored) expect(placement.layers[0]!.nodes[to]).toContain(expert);
    expect(change.transfers).toHaveLength(3 * 3 - 6);
    expect(placement.layers[0]!.replicas.every((copies) => copies > 0)).toBe(true);
    expect(ways.taken).toBe("anew");
    const none = planRecovery({ old, failed, joined: 3, policy, speed, restorable: { store: false } });
    expect(none).toMatchObject({ recoverable: false, because: "every node failed" });
    expect(planRecovery({ old, failed, policy, speed, restorable: { store: true } })).toMatchObject({
      because: "every node failed",
    });
  });

  test("come from the host memory of live nodes, which send them", () => {
    const keepers = hostCopies(old, neighbourCopies(4));
    expect(keepers[0]![3]).toEqual([2]);
    const { change, restored, seconds } = goesOn({ old, failed: [1], restorable: { keepers, store: true } });
    expect(restored.map(({ tier, from }) => [tier, from])).toEqual([3, 4, 5].map(() => ["host", 1]));
    const local = restored.filter(({ from, to }) => from === to).length;
    const sent = change.transfers.filter(({ source }) => source === "host");
    // 12 B at 4 B/s out of memory, over a network of 6 B/s.
    expect(seconds.tiers).toEqual({ network: 3 * new Set(sent.map(({ round }) => round)).size, host: 3 * local, store: 0 });
    expect(sent.every(({ from, expert }) => from === 1 && expert >= 3)).toBe(true);
  });

  test("are lost where their keeper failed as well, and no tier has them", () => {
    const keepers = hostCopies(old, neighbourCopies(4));
    const recovery = planRecovery({ old, failed: [1, 2], policy, speed, restorable: { keepers, store: false } });
    expect(recovery.recoverable ? [] : recovery.lost.map(({ expert }) => expert)).toEqual([3, 4, 5]);
    expect(goesOn({ old, failed: [1, 2], restorable: { keepers, store: true } }).restored.map(({ tier }) => tier)).toEqual([
      "store",
      "store",
      "store",
    ]);
  });

  test("own copies help where a GPU fails and its node goes on", () => {
    const pairs: Placement = {
      ...old,
      cluster: uniformCluster(4, 4, 2),
      layers: [
        {
          ...old.layers[0]!,
          nodes: [
            [0, 1, 2, 0],
            [3, 4, 5, 0],
            [0, 1, 2, 0],
            [0, 1, 2, 0],
          ],
          replicas: [7, 3, 3, 1, 1, 1],
        },
      ],
    };
    const keepers = hostCopies(pairs, [[0], [1], [2], [3]]);
    const { restored } = goesOn({
      old: pairs,
      failed: [],
      failedGpus: [{ node: 1, gpu: 0 }],
      restorable: { keepers, store: false },
    });
    expect(restored.map(({ expert, tier, from }) => [expert, tier, from])).toEqual([
      [3, "host", 1],
      [4, "host", 1],
    ]);
  });
});

test("whatever fails, every arrival is of a replica that its sender holds, kept, read or got before", () => {
  const instance = fc.record({
    nodes: fc.integer({ min: 2, max: 5 }),
    failed: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 }),
    slots: fc.array(fc.nat(7), { minLength: 20, maxLength: 20 }),
    maxMoves: fc.option(fc.nat(6), { nil: undefined }),
    host: fc.boolean(),
    prefer: fc.constantFrom("auto" as const, "repair" as const, "anew" as const),
  });
  fc.assert(
    fc.property(instance, ({ nodes, failed, slots, maxMoves, host, prefer }) => {
      const kinds = [...new Set(slots.slice(0, nodes * 4))];
      const held = Array.from({ length: nodes }, (_, n) => slots.slice(n * 4, n * 4 + 4).map((e) => kinds.indexOf(e)));
      const old = placed(held);
      const dead = failed.filter((node) => node < nodes);
      if (dead.length === 0 || (nodes - dead.length) * 4 < kinds.length) return;
      const keepers = host ? hostCopies(old, neighbourCopies(nodes)) : undefined;
      const { change, restored, survivors, placement } = goesOn({
        old,
        failed: dead,
        restorable: { keepers, store: true },
        maxMoves,
        prefer,
      });
      const before = survivors.oldNode.map((node) => new Set(holdings(old)[node]!));
      const has = before.map((holds) => new Set(holds));
      for (const { expert, tier, to, from = to } of restored) {
        if (tier === "host") expect(keepers![0]![expert]).toContain(survivors.oldNode[from]);
        if (from === to) has[to]!.add(`0 ${expert}`);
      }
      for (const { expert, from, to, source } of change.transfers) {
        if (source === "host") expect(keepers![0]![expert]).toContain(survivors.oldNode[from]);
        else expect(has[from]!.has(`0 ${expert}`)).toBe(true);
        has[to]!.add(`0 ${expert}`);
      }
      const after = holdings(placement);
      after.forEach((holds, node) => {
        for (const name of holds) expect(has[node]!.has(name)).toBe(true);
      });
      const waiting = (placement.spilled ?? []).filter((kept) => kept.nodes.length > 0).map(({ expert }) => `0 ${expert}`);
      expect(new Set([...waiting, ...after.flatMap((holds) => [...holds])]).size).toBe(kinds.length);
      expect(change.rounds).toBe(1 + Math.max(-1, ...change.transfers.map(({ round }) => round)));
    }),
    few(150),
  );
});
