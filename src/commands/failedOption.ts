/** Which nodes failed: as typed, or as a cluster manager says in a file or pipe. */
import { UsageError } from "../errors.ts";
import { failedNodes } from "../formats/nodeLists/failedNodes.ts";
import { expandHostList } from "../formats/nodeLists/hostList.ts";
import { parseInstances } from "../formats/nodeLists/instances.ts";
import { isStandardStream, openInput, readText } from "../io/input.ts";
import { option } from "./option.ts";

/** Names that somebody typed, or the file that holds what a cluster manager printed. */
export type FailedSource = { readonly typed: readonly string[] } | { readonly file: string };

export const failedOption = option({
  argument: "LIST|@FILE",
  parse: (text): FailedSource =>
    text.startsWith("@") && text.length > 1 ? { file: text.slice(1) } : { typed: expandHostList(text) },
  says: "Names of the nodes that failed, between commas; host lists such as gpu[003-007,012] are spelt out. @FILE, or @- for standard input, holds what a cluster manager prints: host lists, a table of sinfo or sacctmgr -P show event, kubectl get nodes -o json (nodes that are not Ready), AWS interruption notices; nodes that the placement does not have are left out.",
});

export const instancesOption = option({
  argument: "FILE",
  parse: (text) => text,
  says: "Which node is which AWS instance: CSV with the columns instance,node, or kubectl get nodes -o json. Without it nodes are called by their instance ids.",
});

/**
 * Reads the names of the failed nodes.
 * @param placementFile where the placement comes from: standard input can only be read once
 * @throws UsageError
 */
export async function readFailedNodes(
  { failed, instances }: { readonly failed: FailedSource | undefined; readonly instances: string | undefined },
  placementFile: string | undefined,
): Promise<readonly string[]> {
  if (failed === undefined || "typed" in failed) return failed?.typed ?? [];
  const standard = [placementFile, failed.file, ...(instances === undefined ? [] : [instances])].filter(isStandardStream);
  if (standard.length > 1) {
    throw new UsageError("--failed @-: standard input cannot hold the placement or the instances as well; give these as files");
  }
  const known = instances === undefined ? new Map<string, string>() : await readInstances(instances);
  const input = openInput(failed.file);
  return failedNodes(await readText(input), input.name, known);
}

async function readInstances(file: string): Promise<Map<string, string>> {
  const input = openInput(file);
  return parseInstances(await readText(input), input.name);
}
