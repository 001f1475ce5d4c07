/** Experts that wait in host memory when the live nodes have fewer slots than there are experts. */

import { FREE_SLOT, type LayerLoads, type LayerPlacement, type SpilledExpert } from "../layout/placement.ts";
import { expertsByLoad } from "../placement/allocation.ts";
import type { Survivors } from "./survivors.ts";

/** Nodes that keep an expert in host memory unless said, where that many hold it. */
export const MEMORY_COPIES = 2;

/** Which experts keep slots. */
export interface Spill {
  /** Experts that keep slots, ascending, shape [layers][resident experts]. */
  readonly residents: readonly (readonly number[])[];
  /** Loads of the resident experts, in this order: what to make a plan for. */
  readonly layers: readonly LayerLoads[];
}

/** Spills as few experts of each layer as must be, those with the least load first (the lower id where loads are equal). */
export function spillExperts(layers: readonly LayerLoads[], slots: number): Spill {
  const residents = layers.map(({ loads }) => {
    const cold = new Set(expertsByLoad(loads).slice(0, Math.max(0, loads.length - slots)));
    return [...loads.keys()].filter((expert) => !cold.has(expert));
  });
  return {
    residents,
    layers: layers.map(({ layer, loads }, index) => ({ layer, loads: residents[index]!.map((expert) => loads[expert]!) })),
  };
}

/**
 * A plan for resident experts as one for all experts; spilled ones have no replica.
 * @param plan placement of `spill.layers`
 * @param layers loads of all experts
 */
export function withSpilledExperts(
  spill: Spill,
  plan: readonly LayerPlacement[],
  layers: readonly LayerLoads[],
): LayerPlacement[] {
  return plan.map((layer, index) => {
    const residents = spill.residents[index]!;
    const replicas = new Array<number>(layers[index]!.loads.length).fill(0);
    layer.replicas.forEach((copies, at) => {
      replicas[residents[at]!] = copies;
    });
    const nodes = layer.nodes.map((slots) => slots.map((at) => (at === FREE_SLOT ? FREE_SLOT : residents[at]!)));
    return { layer: layer.layer, loads: layers[index]!.loads, replicas, nodes };
  });
}

/**
 * Nodes whose host memory keeps the experts that a placement has no slot for: nodes that hold them already, so that nothing
 * moves, spread evenly.
 * @param copies nodes that keep each expert, where that many hold it
 * @returns by layer and expert
 */
export function keepInMemory(
  survivors: Pick<Survivors, "cluster" | "holders">,
  layers: readonly LayerPlacement[],
  copies: number,
): SpilledExpert[] {
  const kept = new Array<number>(survivors.cluster.length).fill(0);
  return layers.flatMap(({ layer, replicas }, index) =>
    replicas.flatMap((count, expert) => {
      if (count > 0) return [];
      const holders = survivors.holders[index]![expert]!;
      const nodes = [...holders].sort((a, b) => kept[a]! - kept[b]! || a - b).slice(0, copies);
      for (const node of nodes) kept[node]!++;
      return [{ layer, expert, nodes: nodes.sort((a, b) => a - b) }];
    }),
  );
}
