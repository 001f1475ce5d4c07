/** The nodes that join a cluster. */

import { type ClusterNode, withAllGpus } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { MOST_PLACED_NODES } from "../placement/sizeLimits.ts";

/** What is known about nodes that join. */
export interface Joining {
  /** Their names, or how many. */
  readonly joined?: number | readonly string[] | undefined;
  /** Slots and GPUs of each; those of the old nodes where these are alike. */
  readonly slots?: number | undefined;
  readonly gpus?: number | undefined;
}

/**
 * The nodes that join. They are like the old ones; where these differ, it has to be said what the new ones have.
 * @param cluster the old nodes
 * @param failed those of them that failed; joined ones may bear their names
 * @throws Infeasible about `slots`, `gpus` or `joined`: nobody says how large the new nodes are, or a name is taken by a live node
 */
export function joinedNodes(cluster: readonly ClusterNode[], failed: readonly number[], joining: Joining): ClusterNode[] {
  const { joined } = joining;
  if (joined === undefined || joined === 0) return [];
  const whole = withAllGpus(cluster);
  const common = (what: "slots" | "gpus") => {
    const first = whole[0]![what];
    if (joining[what] === undefined && whole.some((node) => node[what] !== first)) {
      throw new Infeasible(`the nodes differ in ${what}; say how many the joined nodes have`, what);
    }
    return joining[what] ?? first;
  };
  const [slots, gpus] = [common("slots"), common("gpus")];
  const nodes = cluster.length + (typeof joined === "number" ? joined : joined.length);
  if (nodes > MOST_PLACED_NODES)
    throw new Infeasible(
      `${nodes} nodes are too many, at most ${MOST_PLACED_NODES} are placed together; let fewer join`,
      "joined",
    );
  const names = typeof joined === "number" ? freeNames(cluster, joined) : joined;
  const live = new Set(cluster.filter((_, node) => !failed.includes(node)).map(({ name }) => name));
  const taken = names.find((name) => live.has(name));
  if (taken !== undefined) throw new Infeasible(`there is a live node "${taken}" already; use another name`, "joined");
  return names.map((name) => ({ name, slots, gpus }));
}

function freeNames(cluster: readonly ClusterNode[], count: number): string[] {
  const taken = new Set(cluster.map((node) => node.name));
  const names: string[] = [];
  for (let id = cluster.length; names.length < count; id++) if (!taken.has(`node${id}`)) names.push(`node${id}`);
  return names;
}
