import fc from "fast-check";
import type { ClusterNode } from "../../src/core/layout/cluster.ts";
import { FREE_SLOT, type Placement } from "../../src/core/layout/placement.ts";
import { placeLayers } from "../../src/core/placement/placeLayers.ts";
import { type Survivors, survivors } from "../../src/core/reconfigure/survivors.ts";

/** An old placement, what survived of it, and a new plan. */
export interface Case {
  old: Placement;
  left: Survivors;
  plan: Placement["layers"];
}

/** Clusters of one or two node shapes, some nodes of which fail while others join, old and new loads. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    shapes: fc.array(fc.constantFrom({ slots: 2, gpus: 1 }, { slots: 4, gpus: 2 }, { slots: 3, gpus: 2 }), {
      minLength: 2,
      maxLength: 5,
    }),
    experts: fc.integer({ min: 2, max: 6 }),
    layers: fc.integer({ min: 1, max: 3 }),
    failed: fc.array(fc.nat(4), { maxLength: 2 }),
    joined: fc.nat(2),
    domains: fc.boolean(),
    placement: fc.constantFrom("mro", "spread", "compact"),
    loads: fc.array(fc.nat(40), { minLength: 36, maxLength: 36 }),
  })
  .map(({ shapes, experts, layers, failed, joined, domains, placement, loads }) => {
    const node = (name: string, shape: { slots: number; gpus: number }, n: number): ClusterNode =>
      domains ? { name, ...shape, domain: `rack${n % 2}` } : { name, ...shape };
    const cluster = shapes.map((shape, n) => node(`node${n}`, shape, n));
    const loadsFrom = (first: number) =>
      Array.from({ length: layers }, (_, l) => ({
        layer: l * 2,
        loads: loads.slice(first + l * experts, first + (l + 1) * experts),
      }));
    const rules = { minReplicas: 2, allocation: "lazarus", placement } as const;
    if (cluster.reduce((sum, { slots }) => sum + slots, 0) < experts) return undefined;
    const old: Placement = { cluster, layers: placeLayers({ cluster, layers: loadsFrom(0), ...rules }).layers };
    const gone = failed.filter((n) => n < cluster.length);
    const newcomers = Array.from({ length: joined }, (_, n) => node(`new${n}`, shapes[n % shapes.length]!, n));
    if (new Set(gone).size === cluster.length) return undefined;
    const left = survivors(old, gone, newcomers);
    if (left.cluster.reduce((sum, { slots }) => sum + slots, 0) < experts) return undefined;
    return { old, left, plan: placeLayers({ cluster: left.cluster, layers: loadsFrom(18), ...rules }).layers };
  })
  .filter((it) => it !== undefined);

/** Cases in which every expert keeps a live host. */
export const recoverable = cases.filter(({ left }) => left.lost.length === 0);

/** What each node holds: "layer expert", shape [nodes]. */
export function holdings(placement: Placement): Set<string>[] {
  return placement.cluster.map(
    (_, n) =>
      new Set(
        placement.layers.flatMap(({ layer, nodes }) => nodes[n]!.filter((e) => e !== FREE_SLOT).map((e) => `${layer} ${e}`)),
      ),
  );
}
