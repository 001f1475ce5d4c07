/** How even a placement's GPUs, and its nodes, can be over all layers. */
import { type ClusterNode, firstRanks, gpuOfSlot, totalGpus } from "../layout/cluster.ts";
import { FREE_SLOT, hostSets, type LayerPlacement } from "../layout/placement.ts";
import { evenBalance } from "./evenBalance.ts";
import { optimalBalance } from "./optimalBalance.ts";
import { evenRankBalance } from "./rankBalance.ts";

/** Load of the busiest rank over the mean, with equal shares for all copies of an expert and with the best shares. */
export interface PlanBalance {
  /** Of the worst layer. */
  readonly even: number;
  readonly optimal: number;
  /** Over all layers. */
  readonly evenMean: number;
  readonly optimalMean: number;
  /** Number of the worst layer, by either balance. */
  readonly worst: { readonly even: number; readonly optimal: number };
  /** The same of the worst layer for nodes: load per GPU of the busiest one over the mean. */
  readonly byNode: { readonly even: number; readonly optimal: number };
}

/** Optimal balance of the GPUs of layers for which whoever placed them has found it, exactly. */
export type FoundBalance = ReadonlyMap<LayerPlacement, number>;

/**
 * Balance of all layers of a placement, exactly: optimal is what balanced dispatch reaches when tokens can be divided. By maximum
 * flow, which on thousands of ranks takes milliseconds where water-filling takes seconds.
 * @param found optimal balances to take instead of finding them here
 * @throws RangeError when an expert with tokens has no copy
 */
export function planBalance(
  cluster: readonly ClusterNode[],
  layers: readonly LayerPlacement[],
  found?: FoundBalance,
): PlanBalance {
  const figures = layers.map((layer) => layerBalance(cluster, layer, found));
  const worst = (of: (figure: (typeof figures)[number]) => number) =>
    figures.reduce((most, figure) => Math.max(most, of(figure)), 1);
  const worstLayer = (of: (figure: (typeof figures)[number]) => number) =>
    layers[figures.reduce((at, figure, l) => (of(figure) > of(figures[at]!) ? l : at), 0)]!.layer;
  const mean = (of: (figure: (typeof figures)[number]) => number) =>
    figures.reduce((sum, figure) => sum + of(figure), 0) / figures.length;
  return {
    even: worst(({ even }) => even),
    optimal: worst(({ optimal }) => optimal),
    evenMean: mean(({ even }) => even),
    optimalMean: mean(({ optimal }) => optimal),
    worst: { even: worstLayer(({ even }) => even), optimal: worstLayer(({ optimal }) => optimal) },
    byNode: { even: worst(({ byNode }) => byNode.even), optimal: worst(({ byNode }) => byNode.optimal) },
  };
}

/**
 * Balance of one layer, as `planBalance` has it of all.
 * @throws RangeError when an expert with tokens has no copy
 */
export function layerBalance(
  cluster: readonly ClusterNode[],
  layer: LayerPlacement,
  found?: FoundBalance,
): Pick<PlanBalance, "even" | "optimal" | "byNode"> {
  const gpus = cluster.map((node) => node.gpus);
  const nodesAreGpus = gpus.every((count) => count === 1);
  const known = found?.get(layer);
  const byNode = {
    even: Math.max(1, evenBalance(layer, gpus)),
    optimal: (nodesAreGpus ? known : undefined) ?? optimalBalance(hostSets(layer), layer.loads, gpus).maxOverMean,
  };
  if (nodesAreGpus) return { ...byNode, byNode };
  const eachRank = new Array<number>(totalGpus(cluster)).fill(1);
  const copies = copiesByRank(cluster, layer);
  const optimal = () => {
    const distinct = copies.map((list) => list.filter((rank, i) => rank !== list[i - 1]));
    return optimalBalance(distinct, layer.loads, eachRank).maxOverMean;
  };
  return {
    even: Math.max(1, evenRankBalance(copies, layer.loads, eachRank.length)),
    optimal: known ?? optimal(),
    byNode,
  };
}

/** Ranks of each expert, one entry a copy, ascending, shape [experts][copies]. */
export function copiesByRank(cluster: readonly ClusterNode[], { loads, nodes }: LayerPlacement): number[][] {
  const first = firstRanks(cluster);
  const copies: number[][] = loads.map(() => []);
  nodes.forEach((held, n) => {
    const node = cluster[n]!;
    held.forEach((expert, slot) => {
      if (expert !== FREE_SLOT) copies[expert]!.push(first[n]! + gpuOfSlot(node, slot));
    });
  });
  return copies;
}
