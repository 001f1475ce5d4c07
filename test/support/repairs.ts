/** Random changes to small placements, and what any recovery has to keep to. */
import fc from "fast-check";
import { expect } from "vitest";
import type { ClusterNode } from "../../src/core/layout/cluster.ts";
import {
  FREE_SLOT,
  type LayerLoads,
  type LayerPlacement,
  type Placement,
  replicasByRank,
} from "../../src/core/layout/placement.ts";
import { type MadePlacement, makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { changeGpus, failuresOf } from "../../src/core/reconfigure/changeGpus.ts";
import { type GoesOn, planRecovery, type Recovery, type RecoveryProblem } from "../../src/core/reconfigure/planRecovery.ts";
import { quickPolicy } from "./policy.ts";
import { holdings } from "./reconfiguration.ts";

export const speed = { expertBytes: 1, bandwidth: 1, detectSeconds: 0, regroupSeconds: 0 };

/** A problem whose policy is known. */
export type Change = RecoveryProblem & { readonly policy: Policy };

const gpuNode = fc.record({ gpus: fc.integer({ min: 1, max: 3 }), perGpu: fc.integer({ min: 1, max: 3 }) });

/** Clusters of alike or mixed nodes, some of which fail, lose GPUs, leave or join; the same loads or newer ones. */
export const changes: fc.Arbitrary<Change & { readonly old: MadePlacement; readonly drained: readonly number[] }> = fc
  .record({
    shapes: fc.oneof(
      fc.array(gpuNode, { minLength: 3, maxLength: 6 }),
      fc.tuple(gpuNode, fc.integer({ min: 3, max: 7 })).map(([shape, count]) => new Array<typeof shape>(count).fill(shape)),
    ),
    domains: fc.integer({ min: 2, max: 4 }),
    experts: fc.integer({ min: 2, max: 9 }),
    layers: fc.integer({ min: 1, max: 3 }),
    shares: fc.constantFrom("even" as const, "free" as const),
    failureUnit: fc.constantFrom("node" as const, "node" as const, "gpu" as const, "domain" as const),
    failed: fc.uniqueArray(fc.nat(6), { maxLength: 2 }),
    drained: fc.uniqueArray(fc.nat(6), { maxLength: 1 }),
    dead: fc.uniqueArray(fc.record({ node: fc.nat(6), gpu: fc.nat(2) }), {
      maxLength: 2,
      selector: ({ node, gpu }) => node * 3 + gpu,
    }),
    joined: fc.nat(2),
    areNew: fc.boolean(),
    seed: fc.nat(9),
    loads: fc.array(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constant(0)), { minLength: 54, maxLength: 54 }),
  })
  .map(({ shapes, domains, experts, layers, shares, failureUnit, areNew, loads, seed, ...change }) => {
    const cluster = shapes.map(({ gpus, perGpu }, n): ClusterNode => {
      const node = { name: `node${n}`, slots: gpus * perGpu, gpus };
      return failureUnit === "domain" ? { ...node, domain: `rack${n % domains}` } : node;
    });
    const loadsFrom = (first: number): LayerLoads[] =>
      Array.from({ length: layers }, (_, l) => ({
        layer: l * 2,
        loads: loads.slice(first + l * experts, first + (l + 1) * experts),
      }));
    if (cluster.reduce((sum, { slots }) => sum + slots, 0) < experts) return undefined;
    const policy: Policy = { ...quickPolicy, shares, failureUnit, minReplicas: 1, seed };
    const old = makePlacement(cluster, loadsFrom(0), policy);
    const failed = change.failed.filter((n) => n < cluster.length);
    const drained = change.drained.filter((n) => n < cluster.length);
    const failedGpus = change.dead.filter(({ node, gpu }) => gpu < (cluster[node]?.gpus ?? 0));
    const down = new Set([...failuresOf(cluster, failed, failedGpus).failed, ...drained]);
    if (down.size === cluster.length) return undefined;
    return {
      old,
      madeBy: "resilient" as const,
      failed,
      drained,
      failedGpus,
      joined: change.joined,
      slots: cluster[0]!.slots,
      gpus: cluster[0]!.gpus,
      ...(areNew ? { loads: loadsFrom(27) } : {}),
      policy,
      prefer: "repair" as const,
      speed,
    };
  })
  .filter((change) => change !== undefined);

/** A recovery that goes on. */
export function goesOn(recovery: Recovery): GoesOn {
  if (!recovery.recoverable) throw new Error(recovery.because);
  return recovery;
}

/** What every node of the old placement still holds when GPUs are gone: "layer expert", shape [nodes]. */
export function heldBefore({ old, failed, failedGpus = [] }: RecoveryProblem): { left: Placement; held: Set<string>[] } {
  const failures = failuresOf(old.cluster, failed, failedGpus);
  const left = changeGpus(old, failures.failedGpus);
  const held = holdings(left).map((holds, node) => (failures.failed.includes(node) ? new Set<string>() : holds));
  return { left, held };
}

/** Plans a recovery and checks that it tells the truth; undefined where it says, rightly, that nothing goes on. */
export function checkedRecovery(problem: Change): GoesOn | undefined {
  const { old, drained = [] } = problem;
  const { held } = heldBefore(problem);
  const experts = old.layers.flatMap(({ layer, loads }) => loads.map((_, expert) => `${layer} ${expert}`));
  const lost = experts.filter((expert) => !held.some((holds) => holds.has(expert)));
  const recovery = planRecovery(problem);
  if (!recovery.recoverable) {
    expect(recovery.lost.map(({ layer, expert }) => `${layer} ${expert}`)).toEqual(lost);
    if (lost.length === 0) expect(recovery.because).toBe("too few slots");
    return undefined;
  }
  expect(lost).toEqual([]);
  const { placement, change, survivors } = recovery;
  // Every expert is somewhere, in slots that exist.
  expect(new Set(holdings(placement).flatMap((holds) => [...holds])).size).toBe(experts.length);
  placement.layers.forEach((layer, l) => {
    expect(layer.nodes.map((slots) => slots.length)).toEqual(placement.cluster.map(({ slots }) => slots));
    expect(layer.loads).toEqual((problem.loads ?? old.layers)[l]!.loads);
    const counts = new Array<number>(layer.loads.length).fill(0);
    for (const expert of layer.nodes.flat()) if (expert !== FREE_SLOT) counts[expert]!++;
    expect(layer.replicas).toEqual(counts);
  });
  // Copies come from who holds them to who does not, and nobody holds what it did not have or get.
  const leaving = drained.filter((node) => !problem.failed.includes(node) && held[node]!.size > 0).sort((a, b) => a - b);
  const has = [...survivors.oldNode, ...leaving].map((node) => new Set(node < 0 ? [] : held[node]!));
  const senders = has.map((holds) => new Set(holds));
  for (const { layer, expert, from, to, round } of change.transfers) {
    expect(to).toBeLessThan(survivors.cluster.length);
    // An order of single transfers may pass on what arrived in an earlier round.
    const sources = problem.maxMoves === undefined ? senders : has;
    expect(sources[from]!.has(`${layer} ${expert}`)).toBe(true);
    // ... and what left a node may come back to another of its slots.
    if (problem.maxMoves === undefined) expect(has[to]!.has(`${layer} ${expert}`)).toBe(false);
    has[to]!.add(`${layer} ${expert}`);
    expect(round).toBeLessThan(change.rounds);
  }
  holdings(placement).forEach((holds, node) => {
    for (const expert of holds) expect(has[node]!.has(expert)).toBe(true);
  });
  return recovery;
}

/** Copies of an expert beyond the first on each GPU, and free slots of GPUs that lack an expert. */
export function waste(cluster: readonly ClusterNode[], layer: LayerPlacement): { doubled: number; idle: number } {
  const gpus = cluster.reduce((sum, node) => sum + node.gpus, 0);
  const distinct = new Array<number>(gpus).fill(0);
  let doubled = 0;
  for (const copies of replicasByRank(cluster, layer)) {
    for (const [rank, count] of copies) {
      distinct[rank]!++;
      doubled += count - 1;
    }
  }
  const slots = cluster.flatMap((node) => new Array<number>(node.gpus).fill(node.slots / node.gpus));
  const room = slots.reduce((sum, count, rank) => sum + Math.min(count, layer.loads.length) - distinct[rank]!, 0);
  return { doubled, idle: Math.max(0, room - doubled) };
}
