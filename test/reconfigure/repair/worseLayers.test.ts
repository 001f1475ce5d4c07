/** What a repair says of itself: the layers that it leaves beyond the balance limit, and beyond what they were. */
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

test("layers are worse that are beyond the limit and busier than before, and within it when all keep it", () => {
  const seen = { worse: 0, asBadBefore: 0, within: 0 };
  fc.assert(
    fc.property(changes, ({ old, failed, loads, policy }) => {
      const live = survivors(old, failed, []);
      const wanted = loads ?? old.layers;
      fc.pre(policy.failureUnit !== "gpu" && live.lost.length === 0 && live.cluster.length > 0);
      fc.pre(totalSlots(live.cluster) >= wanted[0]!.loads.length);
      const { placement, worse } = repairPlacement({ old, survivors: live, loads: wanted, policy });
      const limit = 1 + (policy.balanceSlack ?? usualBalanceSlack(policy));
      const balances = placement.layers.map((layer, l) => ({
        now: rankBalance(live.cluster, layer, sharesOf(policy)),
        before: rankBalance(old.cluster, old.layers[l]!, sharesOf(policy)),
      }));
      fc.pre(balances.every(({ now, before }) => Math.abs(now - limit) > CLOSE && Math.abs(now - before) > CLOSE / 10));
      const beyond = balances.filter(({ now }) => now > limit);
      expect(worse).toBe(beyond.filter(({ now, before }) => now > before).length);
      expect(placement.withinBalanceLimit).toBe(beyond.length === 0);
      seen.worse += worse;
      seen.asBadBefore += beyond.length - worse;
      seen.within += balances.length - beyond.length;
    }),
    { numRuns: 20 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});
