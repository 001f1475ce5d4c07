/** What a repair says of itself: whether all its layers keep the balance limit. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { totalSlots } from "../../../src/core/layout/cluster.ts";
import { sharesOf, usualBalanceSlack } from "../../../src/core/placement/policy.ts";
import { rankBalance } from "../../../src/core/reconfigure/repair/rankBalance.ts";
import { repairPlacement } from "../../../src/core/reconfigure/repair/repairPlacement.ts";
import { survivors } from "../../../src/core/reconfigure/survivors.ts";
import { changes } from "../../support/repairs.ts";

/** Sums in another order, and shares found to a tolerance, differ by less. */
const CLOSE = 1e-4;

test("a repair is within the limit when all its layers are", () => {
  const seen = { within: 0, beyond: 0 };
  fc.assert(
    fc.property(changes, ({ old, failed, loads, policy }) => {
      const live = survivors(old, failed, []);
      const wanted = loads ?? old.layers;
      fc.pre(policy.failureUnit !== "gpu" && live.lost.length === 0 && live.cluster.length > 0);
      fc.pre(totalSlots(live.cluster) >= wanted[0]!.loads.length);
      const placement = repairPlacement({ old, survivors: live, loads: wanted, policy });
      const limit = 1 + (policy.balanceSlack ?? usualBalanceSlack(policy));
      const balances = placement.layers.map((layer) => rankBalance(live.cluster, layer, sharesOf(policy)));
      fc.pre(balances.every((now) => Math.abs(now - limit) > CLOSE));
      const isWithin = balances.every((now) => now <= limit);
      expect(placement.withinBalanceLimit).toBe(isWithin);
      seen[isWithin ? "within" : "beyond"]++;
    }),
    { numRuns: 20 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});
