/** Which nodes and GPUs joined. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { NodeGpu } from "../core/reconfigure/changeGpus.ts";
import { quoteInput, shownName, UsageError } from "../errors.ts";
import { gpusNamed, namedGpus } from "../formats/nodeLists/gpuNames.ts";
import { expandDistinctHosts } from "../formats/nodeLists/hostList.ts";
import { parseCount } from "../formats/units.ts";
import { option } from "./option.ts";

export const joinedOption = option({
  argument: "LIST|COUNT",
  parse: (text) => (/^\d+$/.test(text) ? parseCount(0, 100_000)(text) : expandDistinctHosts(text)),
  says: "Names of the nodes that joined, or how many; they hold nothing yet. gpu003:5 is a GPU of a live node that comes back.",
});

/** Nodes and GPUs that join. */
export interface Joined {
  readonly joined: number | readonly string[] | undefined;
  readonly joinedGpus: readonly NodeGpu[];
}

/** Those that join with those that join again. @throws UsageError when somebody only says how many join */
export function withRejoined(
  said: number | readonly string[] | undefined,
  back: readonly string[],
): number | readonly string[] | undefined {
  if (back.length === 0) return said;
  if (typeof said === "number") throw new UsageError("--joined COUNT does not go with --rejoin; name the nodes that join");
  return [...new Set([...(said ?? []), ...back])];
}

/**
 * Tells GPUs that come back from nodes that join.
 * @param cluster the old nodes
 * @param failing GPUs that fail at the same time: they may be replaced at once
 * @throws UsageError when a GPU does not exist or is alive
 */
export function joinedOf(
  cluster: readonly ClusterNode[],
  said: number | readonly string[] | undefined,
  failing: readonly NodeGpu[],
): Joined {
  if (said === undefined || typeof said === "number") return { joined: said, joinedGpus: [] };
  const gpus = namedGpus(said, cluster);
  const joinedGpus = [...gpus].flatMap(([name, { node, numbers }]) => {
    const { gpus: count, deadGpus = [] } = cluster[node]!;
    const isDown = (gpu: number) => deadGpus.includes(gpu) || failing.some((one) => one.node === node && one.gpu === gpu);
    if (numbers.some((gpu) => gpu >= count))
      throw new UsageError(`--joined: there is no GPU ${quoteInput(name)}; ${gpusNamed(cluster[node]!)}`);
    const alive = numbers.find((gpu) => !isDown(gpu));
    if (alive !== undefined)
      throw new UsageError(
        `--joined: GPU ${alive} of ${shownName(cluster[node]!.name)} is alive already; ${gpusNamed(cluster[node]!)}`,
      );
    return numbers.map((gpu) => ({ node, gpu }));
  });
  const names = said.filter((name) => !gpus.has(name));
  const lone = cluster.some(({ name }) => name.includes(":")) ? undefined : names.find((name) => /:\d+(-\d+)?$/.test(name));
  if (lone !== undefined) {
    const node = lone.slice(0, lone.lastIndexOf(":"));
    throw new UsageError(
      `--joined: there is no node ${quoteInput(node)} in the placement whose GPU could come back; name the node alone to join it whole`,
    );
  }
  return { joined: names, joinedGpus };
}
