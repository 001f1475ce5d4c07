/** Placements that are even under every one of several loads: what an ensemble's spread is good for (MEMTL, arXiv 2309.00907). */

import { optimalBalance } from "../balance/optimalBalance.ts";
import { copiesByRank } from "../balance/planBalance.ts";
import { evenRankBalance } from "../balance/rankBalance.ts";
import { type ClusterNode, totalGpus, withLiveGpus } from "../layout/cluster.ts";
import type { LayerLoads, LayerPlacement } from "../layout/placement.ts";
import { checkPolicy } from "../placement/checkPolicy.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { BALANCE_TOLERANCE, keepsBalanceLimit, type Policy, type Shares, sharesOf } from "../placement/policy.ts";
import type { LoadForecast } from "../profile/loadForecast.ts";

/** What may come, and how to place. */
export interface RobustProblem {
  /** The loads expected. */
  readonly layers: readonly LayerLoads[];
  readonly scenarios: NonNullable<LoadForecast["scenarios"]>;
  readonly policy: Policy;
  readonly place: (layers: readonly LayerLoads[]) => MadePlacement;
  /** Probability that a plan survives. */
  readonly survival: (made: MadePlacement) => number;
}

/** The plan chosen; its layers have the loads expected. */
export interface RobustPlacement {
  readonly made: MadePlacement;
  /** Load of the busiest rank over the mean, averaged over the layers, in the worst scenario; and that of the plan for the loads expected. */
  readonly worst: number;
  readonly plainWorst: number;
  /** What it was made for: the forecast, the scenario of that name, or all of them at once. */
  readonly chosen: string;
}

/**
 * Places for the loads expected, for every scenario, and for the most that each expert may get in any, and takes the plan whose
 * worst balance is least among those that survive no less than the first (ties to the first, as do gains that no table would show).
 * @throws RangeError when a scenario lacks a layer
 */
export function robustPlacement({ layers, scenarios, policy, place, survival }: RobustProblem): RobustPlacement {
  checkPolicy(policy);
  const possible = scenarios.map(({ name, layers: tables }) => {
    const byLayer = new Map(tables.map(({ layer, loads }) => [layer, loads]));
    return { name, layers: layers.map(({ layer }) => ({ layer, loads: loadsOf(byLayer, layer, name) })) };
  });
  const most = layers.map(({ layer, loads }, l) => ({
    layer,
    loads: loads.map((load, e) => possible.reduce((top, scenario) => Math.max(top, scenario.layers[l]!.loads[e]!), load)),
  }));
  const shares = sharesOf(policy);
  const candidates = [{ name: "forecast", layers }, { name: "all", layers: most }, ...possible].map((wanted) => {
    const made = place(wanted.layers);
    const worst = Math.max(...possible.map((scenario) => meanBalance(made, scenario.layers, shares)));
    return { chosen: wanted.name, made, worst };
  });
  const [plain, ...others] = candidates;
  const enough = plain!.made.keptMinReplicas;
  const least = survival(plain!.made);
  const better = others
    .filter(({ worst, made }) => worst < plain!.worst - BALANCE_TOLERANCE && made.keptMinReplicas >= enough)
    .sort((one, other) => one.worst - other.worst)
    .find(({ made }) => survival(made) >= least);
  const { chosen, made, worst } = better ?? plain!;
  return { chosen, worst, plainWorst: plain!.worst, made: better ? withLoads(made, layers, policy) : made };
}

/** The same plan for other loads. */
function withLoads(made: MadePlacement, layers: readonly LayerLoads[], policy: Policy): MadePlacement {
  const placed = made.layers.map((layer, l) => ({ ...layer, loads: layers[l]!.loads }));
  const { balanceSlack } = policy;
  const keepsLimit = (layer: LayerPlacement) =>
    balanceSlack === undefined || keepsBalanceLimit(layerBalance(made.cluster, layer, sharesOf(policy)), balanceSlack);
  return { ...made, layers: placed, withinBalanceLimit: placed.every(keepsLimit) };
}

function meanBalance({ cluster, layers }: MadePlacement, loads: readonly LayerLoads[], shares: Shares): number {
  const sum = layers.reduce((all, layer, l) => all + layerBalance(cluster, { ...layer, loads: loads[l]!.loads }, shares), 0);
  return sum / layers.length;
}

/** Experts that wait in host memory count for nothing. */
function layerBalance(nodes: readonly ClusterNode[], layer: LayerPlacement, shares: Shares): number {
  const cluster = withLiveGpus(nodes);
  const ranks = totalGpus(cluster);
  const loads = layer.loads.map((load, expert) => (layer.replicas[expert] === 0 ? 0 : load));
  const copies = copiesByRank(cluster, layer);
  if (shares === "even") return Math.max(1, evenRankBalance(copies, loads, ranks));
  const hosts = copies.map((list) => [...new Set(list)]);
  return optimalBalance(hosts, loads, new Array<number>(ranks).fill(1)).maxOverMean;
}

function loadsOf(byLayer: ReadonlyMap<number, readonly number[]>, layer: number, name: string): readonly number[] {
  const loads = byLayer.get(layer);
  if (loads === undefined) throw new RangeError(`scenario ${name} has no layer ${layer}`);
  return loads;
}
