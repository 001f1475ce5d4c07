import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import { countReplicas, type Placement } from "../../src/core/layout/placement.ts";
import { betterParts, ownParts } from "../../src/core/reconfigure/chooseParts.ts";
import { survivors } from "../../src/core/reconfigure/survivors.ts";
import { failureUnits } from "../../src/core/recovery/failureUnits.ts";
import { sizeOf } from "../support/everyPlacement.ts";

const PROBABILITY = 0.1;

/** Any experts on 4 to 6 nodes; one of them fails. */
const plans = fc
  .record({
    nodes: fc.integer({ min: 4, max: 6 }),
    slots: fc.integer({ min: 2, max: 3 }),
    experts: fc.integer({ min: 3, max: 6 }),
  })
  .chain(({ nodes, slots, experts }) =>
    fc
      .array(fc.uniqueArray(fc.nat(experts - 1), { minLength: slots, maxLength: slots }), { minLength: nodes, maxLength: nodes })
      .map((held): Placement => {
        const layer = {
          layer: 0,
          loads: new Array<number>(experts).fill(1),
          nodes: held,
          replicas: countReplicas(experts, held),
        };
        return { cluster: uniformCluster(nodes, slots), layers: [layer] };
      }),
  );

/** Probability that every expert keeps a live host when live node n holds what part n held, by trying every set of failed nodes. */
function survivalOf(held: readonly (readonly number[])[], parts: readonly number[], experts: number): number {
  let survival = 0;
  for (let failed = 0; failed < 2 ** parts.length; failed++) {
    const live = new Set(parts.flatMap((part, n) => ((failed >> n) & 1 ? [] : held[part]!)));
    if (live.size === experts) survival += PROBABILITY ** sizeOf(failed) * (1 - PROBABILITY) ** (parts.length - sizeOf(failed));
  }
  return survival;
}

test("of changes of part that survive equally much, the one that moves fewest replicas is chosen", () => {
  let ties = 0;
  fc.assert(
    fc.property(plans, (old) => {
      const { nodes: held, loads } = old.layers[0]!;
      const left = survivors(old, [0]);
      const parts = ownParts(old, left);
      const units = failureUnits(left.cluster, { unit: "node", probability: PROBABILITY });
      const better = betterParts(old, left, parts, units, 1e-9)!;
      const changed = parts.flatMap((part, n) => (part === better[n] ? [] : [n]));
      const single = parts.flatMap((own, n) => [...held.keys()].filter((part) => part !== own).map((part) => ({ n, part })));
      const survivalWith = ({ n, part }: { n: number; part: number }) => survivalOf(held, parts.with(n, part), loads.length);
      const most = Math.max(...single.map(survivalWith));
      expect(changed.length > 0).toBe(most > survivalOf(held, parts, loads.length) + 1e-9);
      if (changed.length !== 1) return;
      const movesOf = ({ n, part }: { n: number; part: number }) =>
        held[part]!.filter((expert) => !held[parts[n]!]!.includes(expert)).length;
      const chosen = { n: changed[0]!, part: better[changed[0]!]! };
      const best = single.filter((change) => survivalWith(change) > most - 1e-12);
      const moves = best.map(movesOf);
      expect(movesOf(chosen)).toBe(Math.min(...moves));
      if (Math.max(...moves) > Math.min(...moves)) ties++;
    }),
    { numRuns: 400, seed: 1 },
  );
  expect(ties).toBeGreaterThan(0);
});
