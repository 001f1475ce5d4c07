/** How large a problem may be: what is refused here would take hours, or more memory than a machine has. */
import { type ClusterNode, totalSlots } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";

/** Most nodes: recovery probabilities and their bounds take time and memory by the square of the nodes. */
export const MOST_PLACED_NODES = 10_000;
/** Most slots of all layers together. */
export const MOST_PLACED_SLOTS = 20_000_000;
/** Seconds of a search for `resilient` by nodes squared and layers, as measured on one core with nodes of one GPU. */
const SEARCH_SECONDS = 3.3e-6;
/** Longest search that is begun. */
const MOST_SEARCH_SECONDS = 3600;

/**
 * Checks that a placement can be made, or assessed, in bearable time and memory.
 * @throws Infeasible saying what to do
 */
export function checkPlacementSize(cluster: readonly ClusterNode[], layers: number): void {
  const nodes = cluster.length;
  if (nodes > MOST_PLACED_NODES) {
    throw new Infeasible(
      `${nodes} nodes are too many, at most ${MOST_PLACED_NODES} are placed together; place the nodes of one replica of the model, or a part of the cluster`,
    );
  }
  const slots = totalSlots(cluster) * layers;
  if (slots > MOST_PLACED_SLOTS) {
    throw new Infeasible(
      `${slots} slots in ${layers} layers are too many, at most ${MOST_PLACED_SLOTS} are placed together; give fewer slots, or place some layers at a time (profile-load --layers)`,
    );
  }
}

/** About how many seconds the search for a `resilient` placement takes; 0 where it is refused. */
export function searchSeconds(cluster: readonly ClusterNode[], layers: number): number {
  const seconds = estimate(cluster, layers);
  return seconds > MOST_SEARCH_SECONDS ? 0 : seconds;
}

/** Clusters of several GPUs a node are placed without a search that grows so. */
function estimate(cluster: readonly ClusterNode[], layers: number): number {
  return cluster.some(({ gpus }) => gpus > 1) ? 0 : SEARCH_SECONDS * cluster.length ** 2 * layers;
}

/** Checks that a search ends in bearable time. @throws Infeasible saying what to do */
export function checkSearch(cluster: readonly ClusterNode[], layers: number): void {
  if (estimate(cluster, layers) <= MOST_SEARCH_SECONDS) return;
  throw new Infeasible(
    `resilient would search more than an hour for ${layers} layers on ${cluster.length} nodes; take --placement mro or spread, or fewer nodes`,
  );
}
