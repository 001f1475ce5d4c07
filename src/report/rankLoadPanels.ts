/** Loads of ranks before and after placing, as panels. */
import { copiesByRank, planBalance } from "../core/balance/planBalance.ts";
import { evenLoads, freeRankBalance } from "../core/balance/rankBalance.ts";
import { totalGpus, withLiveGpus } from "../core/layout/cluster.ts";
import type { LayerPlacement, Placement } from "../core/layout/placement.ts";
import type { Shares } from "../core/placement/policy.ts";
import { numberAxis, wholeAxis } from "./pictures/axes.ts";
import { linePlot } from "./pictures/linePlot.ts";
import type { Panel } from "./pictures/picture.ts";

/** Most ranks for which the best shares are sought: it takes a second beyond. */
const MOST_FREE_RANKS = 1024;

/** Loads of the ranks over their mean, shape [ranks]; all 1 without tokens. */
export function loadsOverMean({ cluster, spilled }: Placement, layer: LayerPlacement, shares: Shares): number[] {
  const live = withLiveGpus(cluster);
  const ranks = totalGpus(live);
  const copies = copiesByRank(live, layer);
  // What waits in host memory is on no rank.
  const loads = spilled?.length ? layer.loads.map((load, expert) => (copies[expert]!.length === 0 ? 0 : load)) : layer.loads;
  return overMean(
    shares === "free" && ranks <= MOST_FREE_RANKS ? freeRankBalance(copies, loads, ranks).load : evenLoads(copies, loads, ranks),
  );
}

/** The same without replicas: experts in their order, as many on every rank as on the others; one may be cut in two. */
export function loadsWithoutReplicas({ loads }: LayerPlacement, ranks: number): number[] {
  const width = loads.length / ranks;
  const load = Array.from({ length: ranks }, (_, rank) => {
    const [from, to] = [rank * width, (rank + 1) * width];
    let sum = 0;
    for (let expert = Math.floor(from); expert < Math.min(loads.length, Math.ceil(to - 1e-9)); expert++)
      sum += loads[expert]! * (Math.min(to, expert + 1) - Math.max(from, expert));
    return sum;
  });
  return overMean(load);
}

/** Ranks of the worst layer, and the busiest rank of every layer. */
export function rankLoadPanels(placement: Placement, worst: LayerPlacement, shares: Shares): Panel[] {
  const { layers } = placement;
  const after = loadsOverMean(placement, worst, shares);
  const before = loadsWithoutReplicas(worst, after.length);
  const points = (when: string, values: readonly number[]) =>
    values.map((y, x) => ({ x, y, tip: `rank ${x} ${when}: ${y.toFixed(3)} x the mean` }));
  const how = shares === "free" ? "under the best shares" : "under even shares";
  const ranks: Panel = {
    title: `Load of the ranks before and after, layer ${worst.layer}`,
    note: `Tokens over the mean, ${how}. Before: every expert once, in the order of their numbers${layers.length > 1 ? "; the least even layer" : ""}.`,
    draw: (width) =>
      linePlot(
        {
          x: wholeAxis("rank", 0, Math.max(1, after.length - 1), width < 500 ? 5 : 10),
          y: numberAxis("load over the mean", [0, 1, ...before, ...after]),
          series: [
            { name: "before", colour: 1, kind: "rings", points: points("before", before) },
            { name: "after", colour: 0, kind: "dots", points: points("after", after) },
          ],
          level: { at: 1, name: "mean" },
        },
        width,
      ),
  };
  return layers.length > 1 && !placement.spilled?.length ? [ranks, busiestByLayer(placement, after.length, shares)] : [ranks];
}

function busiestByLayer({ cluster, layers }: Placement, ranks: number, shares: Shares): Panel {
  const live = withLiveGpus(cluster);
  const before = layers.map((layer) => Math.max(...loadsWithoutReplicas(layer, ranks)));
  const after = layers.map((layer) => {
    const { even, optimal } = planBalance(live, [layer]);
    return shares === "free" ? optimal : even;
  });
  const points = (when: string, values: readonly number[]) =>
    values.map((y, l) => ({ x: layers[l]!.layer, y, tip: `layer ${layers[l]!.layer} ${when}: ${y.toFixed(3)}` }));
  const numbers = layers.map(({ layer }) => layer);
  return {
    title: "Busiest rank of every layer before and after",
    draw: (width) =>
      linePlot(
        {
          x: wholeAxis("layer", Math.min(...numbers), Math.max(...numbers), width < 500 ? 5 : 12),
          y: numberAxis("busiest rank over the mean", [0, 1, ...before, ...after]),
          series: [
            { name: "before", colour: 1, kind: "rings", points: points("before", before) },
            { name: "after", colour: 0, kind: "dots", points: points("after", after) },
          ],
          level: { at: 1, name: "mean" },
        },
        width,
      ),
  };
}

function overMean(load: ArrayLike<number>): number[] {
  const values = Array.from(load);
  const mean = values.reduce((sum, tokens) => sum + tokens, 0) / values.length;
  return values.map((tokens) => (mean === 0 ? 1 : tokens / mean));
}
