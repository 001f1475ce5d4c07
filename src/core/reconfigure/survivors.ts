/** What is left of a placement after nodes failed and others joined. */
import type { ClusterNode } from "../layout/cluster.ts";
import { countReplicas, FREE_SLOT, hostSets, type LayerPlacement, type Placement } from "../layout/placement.ts";
import type { MissingExpert, Restorable } from "./restorable.ts";

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
  /** Nodes that leave when they have handed over what they hold; they are no live nodes, but send. */
  readonly leaving?: Leaving;
  /** Experts without a live replica that come from another tier; those in host memory have the nodes that keep them as holders. */
  readonly missing?: readonly MissingExpert[];
}

/** Nodes that leave. As senders they are numbered on from the live nodes. */
export interface Leaving {
  readonly cluster: readonly ClusterNode[];
  /** Their numbers in the old placement. */
  readonly oldNode: readonly number[];
  /** Their numbers as senders, by what they hold, shape [layers][experts][nodes]. */
  readonly holders: readonly (readonly (readonly number[])[])[];
}

/**
 * Removes failed nodes from a placement and appends joined ones, which hold nothing yet.
 * @param failed nodes of the placement that failed
 * @param joined nodes that come in; they may bear the names of failed ones
 * @param drained nodes of the placement that leave after handing over what they hold, where they have not failed
 * @param restorable where else experts have copies, of nodes that neither failed nor leave
 * @throws RangeError when a failed or drained node does not exist, two live nodes have one name, or no node is left
 */
export function survivors(
  placement: Placement,
  failed: readonly number[],
  joined: readonly ClusterNode[] = [],
  drained: readonly number[] = [],
  restorable?: Restorable,
): Survivors {
  for (const node of [...failed, ...drained]) {
    if (placement.cluster[node] === undefined) throw new RangeError(`there is no node ${node} that could have failed`);
  }
  const gone = new Set([...failed, ...drained]);
  const alive = placement.cluster.flatMap((_, node) => (gone.has(node) ? [] : [node]));
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
  const holders = layers.map((layer) => withMemory(layer, oldNode, placement));
  const leaving = [...new Set(drained)].filter((node) => !failed.includes(node)).sort((a, b) => a - b);
  const leavers = placement.layers.map((layer) =>
    withMemory({ ...layer, nodes: leaving.map((node) => layer.nodes[node]!) }, leaving, placement),
  );
  const lost: LostExpert[] = [];
  const missing: MissingExpert[] = [];
  layers.forEach(({ layer }, index) => {
    holders[index]!.forEach((nodes, expert) => {
      if (nodes.length > 0 || leavers[index]![expert]!.length > 0) return;
      const keepers = (restorable?.keepers?.[index]?.[expert] ?? []).map((node) => oldNode.indexOf(node)).filter((n) => n >= 0);
      if (keepers.length > 0) missing.push({ layer, index, expert, tier: "host" });
      else if (restorable?.store) missing.push({ layer, index, expert, tier: "store" });
      else lost.push({ layer, expert });
      holders[index]![expert] = keepers;
    });
  });
  const alone = { cluster, layers, oldNode, holders, lost, ...(missing.length > 0 && { missing }) };
  if (leaving.length === 0) return alone;
  const asSenders = leavers.map((experts) => experts.map((nodes) => nodes.map((node) => cluster.length + node)));
  return {
    ...alone,
    leaving: { cluster: leaving.map((node) => placement.cluster[node]!), oldNode: leaving, holders: asSenders },
  };
}

/** Nodes of a layer that hold each expert in a slot or in host memory. @param oldNode their numbers in the placement */
function withMemory(layer: LayerPlacement, oldNode: readonly number[], { spilled = [] }: Placement): number[][] {
  const nodes = hostSets(layer);
  for (const kept of spilled) {
    if (kept.layer !== layer.layer) continue;
    const here = kept.nodes.map((node) => oldNode.indexOf(node)).filter((node) => node >= 0);
    nodes[kept.expert] = [...new Set([...nodes[kept.expert]!, ...here])].sort((a, b) => a - b);
  }
  return nodes;
}
