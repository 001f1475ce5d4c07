/** Which nodes failed. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { Failures } from "../core/reconfigure/changeGpus.ts";
import { quoteInput, UsageError } from "../errors.ts";
import { gpusNamed, namedGpus } from "../formats/nodeLists/gpuNames.ts";
import { parseNodeSource, type SaidNodes } from "./nodeSource.ts";
import { choice, option, toggle } from "./option.ts";
import { listedNames, refuseStrangers } from "./strangers.ts";
import { warn } from "./warn.ts";

export const failedOption = option({
  argument: "LIST|@FILE",
  parse: parseNodeSource,
  says: "Names of the nodes that failed, between commas; host lists such as gpu[003-007,012] are spelt out. gpu003:5 is one GPU of a node, gpu003:2-3 are two: the node goes on with the others. @FILE, or @- for standard input, holds what a cluster manager prints: host lists, a table of sinfo (with its header), sacctmgr -P show event or kubectl get nodes, kubectl get nodes -o json (nodes that are not Ready), AWS interruption notices. What is said last about a node counts; nodes that the placement does not have are left out with a warning, and so are those that failed in an earlier recovery of the same plan.",
});

export const missingOption = choice({
  choices: ["failed", "alive"],
  says: "What nodes are that the list of --failed @FILE no longer has: failed, as reclaimed instances are, or alive, where the list does not have all nodes. Default: failed for lists of kubectl get nodes with at least half of the plan's nodes; otherwise alive, with a warning.",
});

export const rejoinOption = toggle({
  says: "Nodes that failed or left in an earlier recovery of the plan, and that --failed @FILE has as up, join it again; otherwise a line names them.",
});

/** What is known beside the list. */
interface Known {
  /** Nodes that failed or left in earlier recoveries, and have not come back. */
  readonly gone: readonly string[];
  readonly missing: "failed" | "alive" | undefined;
  readonly rejoin: boolean;
}

/** What failed, and nodes that had failed or left and join again. */
export interface SaidFailures extends Failures {
  readonly back: readonly string[];
}

/**
 * Numbers of the failed nodes in a cluster, and their failed GPUs. A cluster manager may well name others, which a warning counts; a
 * person should not.
 * @throws UsageError, InputError
 */
export function failedOf(cluster: readonly ClusterNode[], said: SaidNodes, { gone, missing, rejoin }: Known): SaidFailures {
  const { others, states } = said;
  if (others.length > 0) {
    warn(
      `${others.length} notice${others.length === 1 ? "" : "s"} left out, for saying nothing of a failure: ${listedNames([...new Set(others)])}`,
    );
  }
  const dead = [...states].flatMap(([name, state]) => (state === "down" || state === "interrupted" ? [name] : []));
  const names = said.names ?? dead;
  const known = new Map(cluster.map(({ name }, node) => [name, node]));
  const gpus = namedGpus(names, cluster);
  for (const [name, { node, numbers }] of gpus) {
    const { gpus: count } = cluster[node]!;
    if (numbers.some((gpu) => gpu >= count))
      throw new UsageError(`--failed: there is no GPU ${quoteInput(name)}; ${gpusNamed(cluster[node]!)}`);
  }
  const failedGpus = [...gpus.values()].flatMap(({ node, numbers }) => numbers.map((gpu) => ({ node, gpu })));
  const again = failedGpus.filter(({ node, gpu }) => cluster[node]!.deadGpus?.includes(gpu));
  if (again.length > 0)
    warn(
      `GPUs that are dead already are left out: ${listedNames(again.map(({ node, gpu }) => `${cluster[node]!.name}:${gpu}`))}`,
    );
  const unknown = names.filter((name) => !known.has(name) && !gpus.has(name));
  const isHandled = (name: string) => gone.includes(name) || gone.includes(name.replace(/:\d+(-\d+)?$/, ""));
  const handled = unknown.filter(isHandled);
  refuseStrangers(
    said,
    [...known.keys()],
    unknown.filter((name) => !isHandled(name)),
    gone,
  );
  const failed = [...names.flatMap((name) => known.get(name) ?? []), ...missingNodes(cluster, said, missing)];
  const back = gone.filter((name) => states.get(name) === "up" && !known.has(name));
  if (back.length > 0 && !rejoin)
    warn(
      `alive again, and not in the plan: ${listedNames(back)}; --joined ${back.slice(0, 8).join(",")} takes ${back.length === 1 ? "it" : "them"} back, as --rejoin does`,
    );
  if (handled.length > 0) warn(`already handled by an earlier recovery: ${listedNames(handled)}`);
  else if (said.file !== undefined && failed.length + failedGpus.length === 0 && !(rejoin && back.length > 0))
    warn(`nothing failed: ${said.file} names no node of the plan as failed`);
  return { failed, failedGpus, back: rejoin ? back : [] };
}

/**
 * Nodes that a list of all nodes does not have.
 * @throws UsageError when it is no such list, and somebody says so
 */
function missingNodes(cluster: readonly ClusterNode[], said: SaidNodes, wanted: Known["missing"]): number[] {
  const { states, covers, file } = said;
  if (file === undefined || covers === "news") {
    if (wanted === "failed")
      throw new UsageError(
        `--missing failed is for lists of all nodes (--failed @FILE with kubectl get nodes, or sinfo), not for ${file === undefined ? "names" : "one of nodes that failed"}; leave it out`,
      );
    return [];
  }
  const missing = [...cluster.keys()].filter((node) => !states.has(cluster[node]!.name));
  if (missing.length === 0 || wanted === "alive") return [];
  const names = listedNames(missing.map((node) => cluster[node]!.name));
  // A list with few of the nodes may well be one of those that somebody asked for.
  const isPartial = covers === "asked" || 2 * missing.length > cluster.length;
  if (wanted === undefined && isPartial) {
    warn(`not in ${file}, and taken as alive: ${names}; --missing failed counts them as failed`);
    return [];
  }
  warn(`not in ${file} any more, and counted as failed: ${names} (--missing alive, if they are not)`);
  return missing;
}
