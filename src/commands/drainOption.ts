/** Which nodes are to leave, after handing over what they hold. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import { quoteInput, UsageError } from "../errors.ts";
import { namedGpus } from "../formats/nodeLists/gpuNames.ts";
import { parseNodeSource, type SaidNodes } from "./nodeSource.ts";
import { option } from "./option.ts";
import { listedNames, refuseStrangers } from "./strangers.ts";
import { warn } from "./warn.ts";

export const drainOption = option({
  argument: "LIST|@FILE",
  parse: parseNodeSource,
  says: "Names of nodes that leave after handing over what they hold, so that nothing is at risk: they send replicas, and have no part in the new placement. @FILE as with --failed; of a table or list with states, the nodes that are drained or cordoned, and AWS instances with an interruption notice.",
});

/**
 * Numbers of the nodes of a cluster that are to leave.
 * @param failed nodes that fail at the same time, and hand nothing over
 * @param gone nodes that failed or left in earlier recoveries
 * @throws UsageError, InputError
 */
export function drainedOf(
  cluster: readonly ClusterNode[],
  said: SaidNodes,
  failed: readonly number[],
  gone: readonly string[],
): number[] {
  const names =
    said.names ?? [...said.states].flatMap(([name, state]) => (state === "drained" || state === "interrupted" ? [name] : []));
  const known = new Map(cluster.map(({ name }, node) => [name, node]));
  const [gpu] = namedGpus(names, cluster).keys();
  if (gpu !== undefined) throw new UsageError(`--drain: ${quoteInput(gpu)} is a GPU; expected whole nodes, which leave`);
  const unknown = names.filter((name) => !known.has(name));
  const handled = unknown.filter((name) => gone.includes(name));
  refuseStrangers(
    said,
    [...known.keys()],
    unknown.filter((name) => !gone.includes(name)),
    gone,
  );
  if (handled.length > 0) warn(`have left in an earlier recovery: ${listedNames(handled)}`);
  const down = [...said.states].flatMap(([name, state]) => (state === "down" && known.has(name) ? [name] : []));
  if (down.length > 0)
    warn(`--drain: down, so that they hand nothing over, and left out: ${listedNames(down)}; --failed takes them`);
  const drained = names.flatMap((name) => known.get(name) ?? []);
  const both = drained.filter((node) => failed.includes(node));
  if (both.length > 0) warn(`failed, so that they hand nothing over: ${listedNames(both.map((node) => cluster[node]!.name))}`);
  return drained.filter((node) => !failed.includes(node)).sort((a, b) => a - b);
}
