import type { LayerPlacement } from "../layout/placement.ts";
import { countReplicas, FREE_SLOT } from "../layout/placement.ts";

/**
 * Load per GPU of the busiest node over the mean load per GPU when every replica takes an equal share, t_e / r_e; 1 without
 * tokens.
 *
 * @param gpus GPUs of each node, shape [nodes]
 * @throws RangeError when an expert has tokens and no replica
 */
export function evenBalance({ loads, nodes }: Pick<LayerPlacement, "loads" | "nodes">, gpus: readonly number[]): number {
  const replicas = countReplicas(loads.length, nodes);
  const total = loads.reduce((sum, load) => sum + load, 0);
  if (total === 0) return 1;
  loads.forEach((load, expert) => {
    if (load > 0 && replicas[expert] === 0) throw new RangeError(`expert ${expert} has ${load} tokens and no replica`);
  });
  const busiest = nodes.reduce((most, slots, node) => {
    const load = slots.reduce((sum, expert) => (expert === FREE_SLOT ? sum : sum + loads[expert]! / replicas[expert]!), 0);
    return Math.max(most, load / gpus[node]!);
  }, 0);
  return busiest / (total / gpus.reduce((sum, count) => sum + count, 0));
}
