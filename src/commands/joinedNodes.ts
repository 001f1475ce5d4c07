/** The nodes that join a cluster. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import { UsageError } from "../errors.ts";

/** What the command line says about nodes that join. */
export interface JoinedOptions {
  /** Their names, or how many. */
  readonly joined: number | readonly string[] | undefined;
  readonly slots: number | undefined;
  readonly gpus: number | undefined;
}

/**
 * The nodes that join. They are like the old ones; where these differ, the options say what the new ones have.
 * @throws UsageError when neither says, or a name is taken by a live node
 */
export function joinedNodes(cluster: readonly ClusterNode[], failed: readonly string[], options: JoinedOptions): ClusterNode[] {
  const { joined } = options;
  if (joined === undefined || joined === 0) return [];
  const common = (what: "slots" | "gpus") => {
    const first = (cluster[0] as ClusterNode)[what];
    if (options[what] === undefined && cluster.some((node) => node[what] !== first)) {
      throw new UsageError(`the nodes differ in ${what}; say with --${what} how many the joined nodes have`);
    }
    return options[what] ?? first;
  };
  const [slots, gpus] = [common("slots"), common("gpus")];
  const names = typeof joined === "number" ? freeNames(cluster, joined) : joined;
  const taken = names.find((name) => cluster.some((node) => node.name === name) && !failed.includes(name));
  if (taken !== undefined) throw new UsageError(`--joined: there is a live node "${taken}" already; use another name`);
  return names.map((name) => ({ name, slots, gpus }));
}

function freeNames(cluster: readonly ClusterNode[], count: number): string[] {
  const taken = new Set(cluster.map((node) => node.name));
  const names: string[] = [];
  for (let id = cluster.length; names.length < count; id++) if (!taken.has(`node${id}`)) names.push(`node${id}`);
  return names;
}
