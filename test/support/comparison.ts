/** Plans to compare and logs to replay, drawn at random. */
import fc from "fast-check";
import type { ClusterNode } from "../../src/core/layout/cluster.ts";
import { countReplicas, type LayerPlacement, type Placement } from "../../src/core/layout/placement.ts";
import type { RoutingStep } from "../../src/core/profile/routingStep.ts";

interface Size {
  readonly ranks: number;
  readonly experts: number;
  readonly slotsOfARank: number;
  readonly layers: number;
  readonly plans: number;
  /** GPUs of a node, which divide the ranks; 1 without it. */
  readonly gpus?: number;
  /** Nodes of a domain, in turn; none without it. */
  readonly domains?: number;
}

const tokens = fc.oneof(fc.nat(20), fc.nat(100_000));

/** Plans with the same loads and nodes; every expert has a copy. */
export function drawnPlans({ ranks, experts, slotsOfARank, layers, plans, gpus = 1, domains }: Size): fc.Arbitrary<Placement[]> {
  const slots = ranks * slotsOfARank;
  const row = fc
    .tuple(
      fc.shuffledSubarray(
        Array.from({ length: slots }, (_, slot) => slot),
        { minLength: experts, maxLength: experts },
      ),
      fc.array(fc.nat(experts - 1), { minLength: slots, maxLength: slots }),
    )
    .map(([own, drawn]) => {
      own.forEach((slot, expert) => {
        drawn[slot] = expert;
      });
      return drawn;
    });
  const cluster = Array.from(
    { length: ranks / gpus },
    (_, n): ClusterNode => ({
      name: `node${n}`,
      slots: gpus * slotsOfARank,
      gpus,
      ...(domains === undefined ? {} : { domain: `rack${n % domains}` }),
    }),
  );
  return fc
    .record({
      loads: fc.array(fc.array(tokens, { minLength: experts, maxLength: experts }), { minLength: layers, maxLength: layers }),
      rows: fc.array(fc.array(row, { minLength: layers, maxLength: layers }), { minLength: plans, maxLength: plans }),
    })
    .map(({ loads, rows }) =>
      rows.map((ofLayers) => ({
        cluster,
        layers: ofLayers.map((slotsOfLayer, layer): LayerPlacement => {
          const nodes = cluster.map((_, n) => slotsOfLayer.slice(n * gpus * slotsOfARank, (n + 1) * gpus * slotsOfARank));
          return { layer, loads: loads[layer]!, replicas: countReplicas(experts, nodes), nodes };
        }),
      })),
    );
}

/** Plans of some layers, and iterations with other loads. */
export const plansAndLogs = fc
  .record({
    ranks: fc.integer({ min: 1, max: 5 }),
    layers: fc.integer({ min: 1, max: 3 }),
    iterations: fc.integer({ min: 1, max: 12 }),
  })
  .chain(({ ranks, layers, iterations }) =>
    fc.record({
      slotsOfARank: fc.constant(2),
      plans: drawnPlans({ ranks, experts: Math.min(4, ranks * 2), slotsOfARank: 2, layers, plans: 2 }),
      log: fc
        .array(
          fc.array(fc.array(tokens, { minLength: Math.min(4, ranks * 2), maxLength: Math.min(4, ranks * 2) }), {
            minLength: layers,
            maxLength: layers,
          }),
          { minLength: iterations, maxLength: iterations },
        )
        .map((steps) =>
          steps.map(
            (loads, iteration): RoutingStep => ({
              iteration,
              experts: loads[0]!.length,
              ranks: 0,
              layers: loads.map((row, layer) => ({ layer, loads: Float64Array.from(row) })),
            }),
          ),
        ),
    }),
  );
