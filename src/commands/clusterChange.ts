/** Which nodes fail and which join. */
import type { ClusterNode } from "../core/cluster.ts";
import type { LayerLoads } from "../core/placement.ts";
import { UsageError } from "../errors.ts";

/** What the options say of joined nodes. */
export interface JoinedNodes {
  /** Their names, or how many there are. */
  readonly joined: number | readonly string[] | undefined;
  readonly slots: number | undefined;
  readonly gpus: number | undefined;
  readonly failed: readonly string[] | undefined;
}

/**
 * Numbers of the nodes with these names.
 * @throws UsageError when there is no such node
 */
export function nodeIds(cluster: readonly ClusterNode[], names: readonly string[]): number[] {
  return names.map((name) => {
    const node = cluster.findIndex((candidate) => candidate.name === name);
    if (node < 0)
      throw new UsageError(
        `--failed: there is no node "${name}"; the placement has ${listed(cluster.map((candidate) => candidate.name))}`,
      );
    return node;
  });
}

function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 6).join(", ")}, ... ${names.at(-1)} (${names.length} nodes)`;
}

/**
 * New nodes are like the old ones; where these differ, the options say what the new ones have.
 * @throws UsageError when they do not, or a name is taken
 */
export function joinedNodes(cluster: readonly ClusterNode[], options: JoinedNodes): ClusterNode[] {
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
  const failed = new Set(options.failed);
  const taken = names.find((name) => cluster.some((node) => node.name === name) && !failed.has(name));
  if (taken !== undefined) throw new UsageError(`--joined: there is a live node "${taken}" already; use another name`);
  return names.map((name) => ({ name, slots, gpus }));
}

function freeNames(cluster: readonly ClusterNode[], count: number): string[] {
  const taken = new Set(cluster.map((node) => node.name));
  const names: string[] = [];
  for (let id = cluster.length; names.length < count; id++) if (!taken.has(`node${id}`)) names.push(`node${id}`);
  return names;
}

/**
 * The newer loads of the placement's layers.
 * @throws UsageError when a layer is missing or has other experts
 */
export function matchingLoads(old: readonly LayerLoads[], newer: readonly LayerLoads[]): LayerLoads[] {
  return old.map(({ layer, loads }) => {
    const found = newer.find((candidate) => candidate.layer === layer);
    if (found === undefined) throw new UsageError(`--profile: the profile has no layer ${layer}; make it from the same model`);
    if (found.loads.length !== loads.length) {
      throw new UsageError(
        `--profile: layer ${layer} has ${found.loads.length} experts, the placement ${loads.length}; make it from the same model`,
      );
    }
    return { layer, loads: found.loads };
  });
}
