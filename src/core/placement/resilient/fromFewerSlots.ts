/** Plans that leave one slot of every GPU to further copies: what fewer slots allow, more of them allow as well. */
import type { ClusterNode } from "../../layout/cluster.ts";
import type { LayerPlacement } from "../../layout/placement.ts";
import { keptMinReplicas } from "../allocation.ts";
import { fillSlots, onGrownCluster } from "../growth.ts";
import type { ResilientProblem } from "./problem.ts";

/**
 * A plan for one slot fewer on every GPU, on all the slots: these go to experts on the fewest nodes, to the hottest, or to nobody.
 * @param place makes the plan
 * @returns plans of all layers; none where fewer slots hold fewer copies of every expert
 */
export function* fromFewerSlots(
  { cluster, layers, minReplicas }: ResilientProblem,
  place: (problem: ResilientProblem) => readonly LayerPlacement[],
): Generator<readonly LayerPlacement[]> {
  const fewer = cluster.map((node) => ({ ...node, slots: node.slots - node.gpus }));
  if (fewer.some(({ slots, gpus }) => slots < gpus) || !holdsAsMany(fewer)) return;
  const kept = onGrownCluster({ cluster: fewer, layers: place({ cluster: fewer, layers, minReplicas }) }, cluster);
  yield fillSlots(kept, "rarest").layers;
  yield fillSlots(kept, "hottest").layers;
  yield kept.layers;

  function holdsAsMany(nodes: readonly ClusterNode[]): boolean {
    const experts = Math.max(...layers.map(({ loads }) => loads.length));
    const kept = keptMinReplicas(cluster, layers, minReplicas);
    return nodes.reduce((sum, { slots }) => sum + slots, 0) >= experts && keptMinReplicas(nodes, layers, minReplicas) === kept;
  }
}
