/** Names of single GPUs: `gpu003:5` is GPU 5 of node gpu003, `gpu003:2-3` are two of them. */
import type { ClusterNode } from "../../core/layout/cluster.ts";
import { quoteInput, shownName, UsageError } from "../../errors.ts";

/** GPUs of one node. */
export interface NamedGpus {
  readonly node: number;
  /** From 0; the node may not have them. */
  readonly numbers: readonly number[];
}

/** GPUs of a name at most; no node has more. */
const MOST_GPUS = 1024;

/**
 * Those of some names that stand for GPUs of nodes of a cluster; a node's own name may look like one, and comes first.
 * @throws UsageError when a range falls
 */
export function namedGpus(names: readonly string[], cluster: readonly ClusterNode[]): Map<string, NamedGpus> {
  const nodes = new Map(cluster.map(({ name }, node) => [name, node]));
  const found = new Map<string, NamedGpus>();
  for (const name of names) {
    if (nodes.has(name)) continue;
    const [, base = "", first = "", last = first] = /^(.+):(\d{1,4})(?:-(\d{1,4}))?$/.exec(name) ?? [];
    const node = nodes.get(base);
    const count = Number(last) - Number(first) + 1;
    if (node === undefined || count > MOST_GPUS) continue;
    if (count < 1) throw new UsageError(`${quoteInput(name)}: the range falls; expected GPUs such as ${shownName(base)}:2-3`);
    found.set(name, { node, numbers: Array.from({ length: count }, (_, i) => Number(first) + i) });
  }
  return found;
}

/** What GPUs a node has, for a message. */
export function gpusNamed({ name, gpus, deadGpus = [] }: ClusterNode): string {
  const shown = shownName(name);
  const all = gpus === 1 ? `${shown} has GPU 0 only` : `${shown} has GPUs 0 to ${gpus - 1}`;
  return deadGpus.length === 0 ? all : `${all}, of which ${deadGpus.join(", ")} ${deadGpus.length === 1 ? "is" : "are"} dead`;
}
