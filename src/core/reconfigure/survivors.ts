/** What is left of a placement after nodes failed and others joined. */
import type { ClusterNode } from "../layout/cluster.ts";
import { countReplicas, FREE_SLOT, hostSets, type LayerPlacement, type Placement } from "../layout/placement.ts";

/** An expert without a live replica. */
export interface LostExpert {
  readonly layer: number;
  readonly expert: number;
}

/** The live nodes, what they hold, and what nobody holds any more. */
export interface Survivors extends Placement {
  /** Node of the old placement that each live node is, -1 for one that joined, shape [live nodes]. */
  readonly oldNode: readonly number[];
  /** Live nodes that hold each expert in a slot or in host memory, ascending, shape [layers][experts][nodes]. */
  readonly holders: readonly (readonly (readonly number[])[])[];
  /** Experts that cannot be recovered, by layer and expert; none when the job is recoverable. */
  readonly lost: readonly LostExpert[];
}

/**
 * Removes failed nodes from a placement and appends joined ones, which hold nothing yet.
 * @param failed nodes of the placement that failed
 * @param joined nodes that come in; they may bear the names of failed ones
 * @throws RangeError when a failed node does not exist, two live nodes have one name, or no node is left
 */
export function survivors(placement: Placement, failed: readonly number[], joined: readonly ClusterNode[] = []): Survivors {
  for (const node of failed) {
    if (placement.cluster[node] === undefined) throw new RangeError(`there is no node ${node} that could have failed`);
  }
  const alive = placement.cluster.flatMap((_, node) => (failed.includes(node) ? [] : [node]));
  const cluster = [...alive.map((node) => placement.cluster[node]!), ...joined];
  if (cluster.length === 0) throw new RangeError("no node is left");
  const names = new Set<string>();
  for (const { name } of cluster) {
    if (names.has(name)) throw new RangeError(`two live nodes are named ${name}`);
    names.add(name);
  }
  const layers = placement.layers.map((layer): LayerPlacement => {
    const nodes = [
      ...alive.map((node) => layer.nodes[node]!),
      ...joined.map(({ slots }) => new Array<number>(slots).fill(FREE_SLOT)),
    ];
    return { ...layer, nodes, replicas: countReplicas(layer.loads.length, nodes) };
  });
  const oldNode = [...alive, ...joined.map(() => -1)];
  const holders = layers.map((layer) => {
    const nodes = hostSets(layer);
    for (const kept of placement.spilled ?? []) {
      if (kept.layer !== layer.layer) continue;
      const live = kept.nodes.map((node) => oldNode.indexOf(node)).filter((node) => node >= 0);
      nodes[kept.expert] = [...new Set([...nodes[kept.expert]!, ...live])].sort((a, b) => a - b);
    }
    return nodes;
  });
  const lost = layers.flatMap(({ layer }, index) =>
    holders[index]!.flatMap((nodes, expert) => (nodes.length === 0 ? [{ layer, expert }] : [])),
  );
  return { cluster, layers, oldNode, holders, lost };
}
