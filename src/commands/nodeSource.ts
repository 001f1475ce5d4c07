/** Nodes as the command line names them: typed, or in a file or pipe with what a cluster manager prints. */
import { UsageError } from "../errors.ts";
import { expandHostList } from "../formats/nodeLists/hostList.ts";
import { parseInstances } from "../formats/nodeLists/instances.ts";
import { type NodeReport, namedNodes, nodeReport } from "../formats/nodeLists/nodeReport.ts";
import { isStandardStream, openInput, readText } from "../io/input.ts";
import { option } from "./option.ts";

/** Names that somebody typed, or the file that holds what a cluster manager printed. */
export type NodeSource = { readonly typed: readonly string[] } | { readonly file: string };

/** Reads LIST or @FILE. @throws UnitError */
export function parseNodeSource(text: string): NodeSource {
  return text.startsWith("@") && text.length > 1 ? { file: text.slice(1) } : { typed: expandHostList(text) };
}

export const instancesOption = option({
  argument: "FILE",
  parse: (text) => text,
  says: "Which node is which AWS instance: CSV with the columns instance,node, or kubectl get nodes -o json. Without it nodes are called by their instance ids.",
});

/** What was said about nodes, and where. */
export interface SaidNodes extends NodeReport {
  /** The option that says it. */
  readonly option: "failed" | "drain";
  /** File, where it is not the command line. */
  readonly file: string | undefined;
  /** Whether nodes have AWS instances of a name of their own. */
  readonly instances: boolean;
}

/**
 * Reads what is said about nodes that fail, and that are to leave.
 * @param placementFile where the placement comes from: standard input can only be read once
 * @throws UsageError, InputError
 */
export async function readSaidNodes(
  options: {
    readonly failed: NodeSource | undefined;
    readonly drain: NodeSource | undefined;
    readonly instances: string | undefined;
  },
  placementFile: string | undefined,
): Promise<{ readonly failed: SaidNodes; readonly drain: SaidNodes }> {
  const named = [options.failed, options.drain].flatMap((source) =>
    source !== undefined && "file" in source ? [source.file] : [],
  );
  const read = named.length > 0 && options.instances !== undefined ? [...named, options.instances] : named;
  if (read.some(isStandardStream) && [placementFile, ...read].filter(isStandardStream).length > 1) {
    const which = options.failed !== undefined && "file" in options.failed && isStandardStream(options.failed.file);
    throw new UsageError(
      `--${which ? "failed" : "drain"} @-: standard input cannot hold the placement or other nodes as well; give these as files`,
    );
  }
  const instances = read.length > named.length ? await readInstances(options.instances as string) : undefined;
  const said = async (option: "failed" | "drain"): Promise<SaidNodes> => {
    const source = options[option];
    if (source === undefined || "typed" in source)
      return { ...namedNodes(source?.typed ?? []), option, file: undefined, instances: false };
    const input = openInput(source.file);
    const report = nodeReport(await readText(input), input.name, instances ?? new Map());
    return { ...report, option, file: input.name, instances: instances !== undefined };
  };
  return { failed: await said("failed"), drain: await said("drain") };
}

async function readInstances(file: string): Promise<Map<string, string>> {
  const input = openInput(file);
  return parseInstances(await readText(input), input.name);
}
