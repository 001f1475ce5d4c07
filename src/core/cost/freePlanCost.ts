/** Cost of a plan under balanced dispatch: the least possible load of the busiest rank, then the least traffic. */
import { optimalBalance } from "../balance/optimalBalance.ts";
import { nearestShares } from "../dispatch/nearestShares.ts";
import { evenRouting, expertLoads } from "../dispatch/routing.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import { totalGpus } from "../layout/cluster.ts";
import { type LayerPlacement, replicasByRank } from "../layout/placement.ts";
import type { LayerCost, LayerCosting } from "./evenPlanCost.ts";

/** Most ranks for which looking at all sets of them is quicker than a flow. */
const ENUMERATED_RANKS = 12;
/** Loads are scaled to about so many tokens a layer, so that shares in whole tokens are as good as exact. */
const SCALED_TOKENS = 2 ** 40;
/** Relative error that sums of shares may have. */
const ROUNDING = 1e-12;

/**
 * Prepares a layer for costing with the shares that balanced dispatch chooses, when all ranks route alike.
 * @throws RangeError, when it costs, where an expert with tokens has no replica
 */
export function freeLayerCosting(cluster: readonly ClusterNode[], layer: LayerPlacement): LayerCosting {
  const ranks = totalGpus(cluster);
  const hosts = replicasByRank(cluster, layer).map((list) => list.map(([rank]) => rank));
  const costEven = ranks <= ENUMERATED_RANKS ? evenRankCosting(hosts, ranks) : () => undefined;
  return (loads) => costEven(loads) ?? costByFlow(loads, hosts, ranks);
}

/**
 * Prepares a layer for costing where every token counts as sent: traffic is the busiest rank's load.
 * @throws RangeError, when it costs, where an expert with tokens has no replica
 */
export function allRemoteLayerCosting(cluster: readonly ClusterNode[], layer: LayerPlacement): LayerCosting {
  const hosts = replicasByRank(cluster, layer).map((list) => list.map(([rank]) => rank));
  const each = new Array<number>(totalGpus(cluster)).fill(1);
  return (loads) => {
    const { maxOverMean } = optimalBalance(hosts, loads, each);
    return { compute: maxOverMean, traffic: maxOverMean };
  };
}

/**
 * Costs the common case that every rank can compute all its own tokens of the experts that it holds, and the rest of the
 * tokens brings all ranks to the mean: then every rank sends and takes in what is missing. By Hall's condition this works when
 * for every set of ranks the other ranks' tokens of experts hosted inside fit into the room that own tokens leave there.
 * @returns the cost; undefined in all other cases
 */
function evenRankCosting(
  hosts: readonly (readonly number[])[],
  ranks: number,
): (loads: readonly number[]) => LayerCost | undefined {
  const masks = hosts.map((list) => list.reduce((mask, rank) => mask | (1 << rank), 0));
  const foreign = new Float64Array(1 << ranks);
  const room = new Float64Array(1 << ranks);
  return (loads) => {
    foreign.fill(0);
    const own = new Float64Array(ranks);
    let mean = 0;
    for (let expert = 0; expert < loads.length; expert++) {
      const each = loads[expert]! / ranks;
      const list = hosts[expert]!;
      mean += each;
      foreign[masks[expert]!]! += each * (ranks - list.length);
      for (const rank of list) own[rank]! += each;
    }
    for (let rank = 0; rank < ranks; rank++) {
      const bit = 1 << rank;
      const free = mean - own[rank]!;
      for (let set = bit; set < foreign.length; set = (set + 1) | bit) {
        foreign[set]! += foreign[set ^ bit]!;
      }
      for (let set = 0; set < bit; set++) room[set | bit] = room[set]! + free;
    }
    if (!(foreign[0] === 0 && mean > 0)) return undefined;
    const tolerance = ROUNDING * mean * ranks;
    for (let set = 1; set < foreign.length; set++) if (foreign[set]! > room[set]! + tolerance) return undefined;
    return { compute: 1, traffic: 1 - Math.min(...own) / mean };
  };
}

function costByFlow(loads: readonly number[], hosts: readonly (readonly number[])[], ranks: number): LayerCost {
  const each = new Array<number>(ranks).fill(1);
  const ownRank = [Int32Array.from(each.keys())];
  const scale = ranks * Math.max(1, Math.floor(SCALED_TOKENS / sum(loads) / ranks));
  const routing = evenRouting(
    loads.map((tokens) => tokens * scale),
    ranks,
  );
  const scaled = expertLoads(routing);
  const mean = sum(loads) * (scale / ranks);
  const limit = Math.ceil(optimalBalance(hosts, loads, each).maxOverMean * mean);
  const shares = nearestShares(routing, scaled, hosts, limit, ownRank);
  const load = new Float64Array(ranks);
  const own = new Float64Array(ranks);
  hosts.forEach((list, expert) => {
    list.forEach((rank, i) => {
      const tokens = shares[expert]![i]!;
      load[rank]! += tokens;
      own[rank]! += Math.min(tokens, routing.tokens[expert * ranks + rank]!);
    });
  });
  const traffic = load.map((tokens, rank) => Math.max(mean, tokens) - own[rank]!);
  return { compute: Math.max(...load) / mean, traffic: Math.max(...traffic) / mean };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, count) => total + count, 0);
}
