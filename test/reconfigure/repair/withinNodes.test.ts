/** Few moves on nodes of several GPUs. */
import { expect, test } from "vitest";
import { uniformCluster } from "../../../src/core/layout/cluster.ts";
import { makePlacement } from "../../../src/core/placement/makePlacement.ts";
import { logNormalLayers } from "../../../src/dev/logNormalLayers.ts";
import { quickPolicy } from "../../support/policy.ts";
import { holdings } from "../../support/reconfiguration.ts";
import { checkedRecovery, speed } from "../../support/repairs.ts";

test("--max-moves: what a node held and goes on holding is hardly ever sent again: it moves between its GPUs", () => {
  const policy = { ...quickPolicy, placement: "balanced" as const };
  const again = [1, 2, 3, 4].flatMap((seed) => {
    const old = makePlacement(uniformCluster(5, 8, 2), logNormalLayers(4, 16, seed), policy);
    const problem = { old, madeBy: "balanced" as const, failed: [], drained: [1], policy, speed, maxMoves: 60 };
    const { change, survivors } = checkedRecovery(problem)!;
    const held = holdings(survivors);
    return change.transfers.filter(({ layer, expert, to }) => held[to]!.has(`${layer} ${expert}`));
  });
  // Two experts that change places, or one that has to wait, still need it.
  expect(again.length).toBeLessThanOrEqual(1);
});
