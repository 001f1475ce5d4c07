/** Which nodes failed: as typed, or as a cluster manager says in a file or pipe. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { Failures } from "../core/reconfigure/changeGpus.ts";
import { InputError, quoteInput, shownName, UsageError } from "../errors.ts";
import { type FailedNodes, failedNodes } from "../formats/nodeLists/failedNodes.ts";
import { gpusNamed, namedGpus } from "../formats/nodeLists/gpuNames.ts";
import { expandHostList } from "../formats/nodeLists/hostList.ts";
import { parseInstances } from "../formats/nodeLists/instances.ts";
import { isStandardStream, openInput, readText } from "../io/input.ts";
import { option } from "./option.ts";
import { warn } from "./warn.ts";

/** Names that somebody typed, or the file that holds what a cluster manager printed. */
export type FailedSource = { readonly typed: readonly string[] } | { readonly file: string };

export const failedOption = option({
  argument: "LIST|@FILE",
  parse: (text): FailedSource =>
    text.startsWith("@") && text.length > 1 ? { file: text.slice(1) } : { typed: expandHostList(text) },
  says: "Names of the nodes that failed, between commas; host lists such as gpu[003-007,012] are spelt out. gpu003:5 is one GPU of a node, gpu003:2-3 are two: the node goes on with the others. @FILE, or @- for standard input, holds what a cluster manager prints: host lists, a table of sinfo (with its header), sacctmgr -P show event or kubectl get nodes, kubectl get nodes -o json (nodes that are not Ready), AWS interruption notices. What is said last about a node counts; nodes that the placement does not have are left out with a warning.",
});

export const instancesOption = option({
  argument: "FILE",
  parse: (text) => text,
  says: "Which node is which AWS instance: CSV with the columns instance,node, or kubectl get nodes -o json. Without it nodes are called by their instance ids.",
});

/** What was said about failed nodes, and where. */
export interface NamedNodes extends FailedNodes {
  /** File, where it is not the command line. */
  readonly file: string | undefined;
  /** Whether nodes have AWS instances of a name of their own. */
  readonly instances: boolean;
}

/**
 * Reads what is said about failed nodes.
 * @param placementFile where the placement comes from: standard input can only be read once
 * @throws UsageError
 */
export async function readFailedNodes(
  { failed, instances }: { readonly failed: FailedSource | undefined; readonly instances: string | undefined },
  placementFile: string | undefined,
): Promise<NamedNodes> {
  const typed = failed === undefined ? [] : "typed" in failed ? failed.typed : undefined;
  if (failed === undefined || "typed" in failed)
    return { names: typed ?? [], reported: false, rows: [], others: [], file: undefined, instances: false };
  const standard = [placementFile, failed.file, ...(instances === undefined ? [] : [instances])].filter(isStandardStream);
  if (standard.length > 1) {
    throw new UsageError("--failed @-: standard input cannot hold the placement or the instances as well; give these as files");
  }
  const known = instances === undefined ? new Map<string, string>() : await readInstances(instances);
  const input = openInput(failed.file);
  return { ...failedNodes(await readText(input), input.name, known), file: input.name, instances: instances !== undefined };
}

/**
 * Numbers of the failed nodes in a cluster, and their failed GPUs. A cluster manager may well name others, which a warning counts; a
 * person should not.
 * @throws UsageError, InputError
 */
export function failedOf(cluster: readonly ClusterNode[], said: NamedNodes): Failures {
  const { names, reported, rows, others, file } = said;
  if (others.length > 0) {
    warn(
      `${others.length} notice${others.length === 1 ? "" : "s"} left out, for saying nothing of a failure: ${listed([...new Set(others)])}`,
    );
  }
  const known = new Map(cluster.map(({ name }, node) => [name, node]));
  const gpus = namedGpus(names, cluster);
  const strangers = names.filter((name) => !known.has(name) && !gpus.has(name));
  for (const [name, { node, numbers }] of gpus) {
    const { gpus: count } = cluster[node]!;
    if (numbers.some((gpu) => gpu >= count))
      throw new UsageError(`--failed: there is no GPU ${quoteInput(name)}; ${gpusNamed(cluster[node]!)}`);
  }
  const failedGpus = [...gpus.values()].flatMap(({ node, numbers }) => numbers.map((gpu) => ({ node, gpu })));
  const again = failedGpus.filter(({ node, gpu }) => cluster[node]!.deadGpus?.includes(gpu));
  if (again.length > 0)
    warn(`GPUs that are dead already are left out: ${listed(again.map(({ node, gpu }) => `${cluster[node]!.name}:${gpu}`))}`);
  const found = { failed: names.flatMap((name) => known.get(name) ?? []), failedGpus };
  if (strangers.length === 0) return found;
  const instances = !said.instances && strangers.some((name) => /^i-[0-9a-f]+/.test(name));
  const has = `the placement has ${listed([...known.keys()])}${instances ? "; --instances names the nodes of AWS instances" : ""}`;
  for (const row of rows) {
    const odd = row.names.find((name) => !known.has(name) && !gpus.has(name));
    if (odd !== undefined && file !== undefined) {
      throw new InputError(
        `"${shownName(odd)}" is no node; expected a host list, or a table with its header (sinfo without -h), one column of it the state; ${has}`,
        { file, line: row.line },
      );
    }
  }
  if (file === undefined || (strangers.length === names.length && (!reported || instances))) {
    const which =
      strangers.length === 1
        ? `there is no node "${shownName(strangers[0] as string)}"`
        : `there are no nodes ${listed(strangers)}`;
    throw new UsageError(`--failed: ${which}; ${has}`);
  }
  warn(`failed nodes that the placement does not have are left out: ${listed(strangers)}`);
  return found;
}

function listed(names: readonly string[]): string {
  const few = (names.length <= 8 ? names : names.slice(0, 6)).map(shownName).join(", ");
  return names.length <= 8 ? few : `${few}, ... ${shownName(names.at(-1) as string)} (${names.length} nodes)`;
}

async function readInstances(file: string): Promise<Map<string, string>> {
  const input = openInput(file);
  return parseInstances(await readText(input), input.name);
}
