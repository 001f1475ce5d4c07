/** How even the ranks of one layer are under the shares that a policy counts on. */
import { optimalBalance } from "../../balance/optimalBalance.ts";
import { copiesByRank } from "../../balance/planBalance.ts";
import { evenRankBalance } from "../../balance/rankBalance.ts";
import { type ClusterNode, totalGpus } from "../../layout/cluster.ts";
import type { LayerPlacement } from "../../layout/placement.ts";
import type { Shares } from "../../placement/policy.ts";

/** Load of the busiest rank over the mean; experts without a slot do not count. */
export function rankBalance(cluster: readonly ClusterNode[], layer: LayerPlacement, shares: Shares): number {
  const copies = copiesByRank(cluster, layer);
  const loads = layer.loads.map((load, expert) => (copies[expert]!.length === 0 ? 0 : load));
  const ranks = totalGpus(cluster);
  if (shares === "even") return evenRankBalance(copies, loads, ranks);
  const distinct = copies.map((list) => list.filter((rank, i) => rank !== list[i - 1]));
  return optimalBalance(distinct, loads, new Array<number>(ranks).fill(1)).maxOverMean;
}
