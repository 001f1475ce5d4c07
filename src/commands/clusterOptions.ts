/** The options that describe a cluster. */
import { type ClusterNode, uniformCluster } from "../core/layout/cluster.ts";
import { UsageError } from "../errors.ts";
import type { DescribedNode } from "../formats/cluster.ts";
import { expandDistinctHosts } from "../formats/nodeLists/hostList.ts";
import { parseCount } from "../formats/units.ts";
import { openInput, readText } from "../io/input.ts";
import { choice, type OptionValues, option } from "./option.ts";

const MOST_NODES = 100_000;

/** The nodes of a cluster: how many, or their names. */
export const nodesOption = option({
  letter: "n",
  argument: "N|LIST",
  parse: (text): number | string[] => (/[[,]/.test(text) ? expandDistinctHosts(text) : parseCount(1, MOST_NODES)(text)),
  says: "Number of nodes, all alike, called node0, node1, ..., or their names; host lists such as gpu[001-010] are spelt out.",
});

/** A file that describes the nodes. */
export const clusterOption = option({
  argument: "FILE",
  parse: (text) => text,
  says: "JSON or CSV with name, slots, gpus and domain of each node, instead of --nodes.",
});

export const clusterOptions = {
  nodes: nodesOption,
  slots: option({
    letter: "c",
    argument: "N|auto",
    parse: (text) => {
      if (text === "auto") return text;
      if (!/^\d/.test(text)) throw new Error("expected a whole number of at least 1, or auto");
      return parseCount(1, MOST_NODES)(text);
    },
    says: "Expert replicas that fit on a node, in each layer; with --cluster, for nodes whose file does not say. With auto, the fewest on every GPU that reach --survive or --survival.",
  }),
  gpus: option({
    argument: "N",
    fallback: "1",
    parse: parseCount(1, MOST_NODES),
    says: "GPUs of a node; its slots are dealt to them in contiguous runs.",
  }),
  cluster: clusterOption,
};

/** What to do with experts that the slots do not hold. */
export const spillOption = choice({
  choices: ["none", "cpu"],
  fallback: "none",
  says: "With cpu, the least loaded experts wait in host memory when there are fewer slots than experts, instead of giving up.",
});

/**
 * The cluster that the options describe.
 * @throws UsageError when they do not say how many nodes or slots there are
 */
export async function readCluster(
  options: Omit<OptionValues<typeof clusterOptions>, "slots"> & { readonly slots: number | undefined },
): Promise<ClusterNode[]> {
  const { nodes, slots, gpus, cluster } = options;
  if (cluster !== undefined && nodes === undefined) {
    const { parseCluster } = await import("../formats/cluster.ts");
    const input = openInput(cluster);
    return parseCluster(await readText(input), input.name, { slots, gpus });
  }
  const named = await readNodes({ nodes, cluster });
  if (slots === undefined) throw new UsageError("how many replicas fit on a node? pass --slots N or --cluster FILE");
  return named.map(({ name }) => ({ name, slots, gpus }));
}

/**
 * The nodes that the options describe, with one slot on each GPU until it is known how many there are.
 * @param saidBy the option that says, or will say, how many
 * @throws UsageError when the cluster's file says so, too
 */
export async function readUnslottedCluster(
  { gpus, ...options }: Omit<OptionValues<typeof clusterOptions>, "slots">,
  saidBy: string,
): Promise<ClusterNode[]> {
  return (await readNodes(options)).map(({ name, slots, gpus: own = gpus, domain }) => {
    if (slots !== undefined) {
      throw new UsageError(
        `${saidBy} and ${options.cluster} both say how many slots ${name} has: leave slots out of the file, or ${saidBy} out`,
      );
    }
    return { name, slots: own, gpus: own, ...(domain === undefined ? {} : { domain }) };
  });
}

/**
 * The nodes that the options describe, with nothing added to what is said about them.
 * @throws UsageError when the options do not say what the nodes are
 */
export async function readNodes({
  nodes,
  cluster,
}: Pick<OptionValues<typeof clusterOptions>, "nodes" | "cluster">): Promise<DescribedNode[]> {
  if (cluster !== undefined) {
    if (nodes !== undefined) throw new UsageError("--nodes and --cluster both say what the nodes are; give one of them");
    const { describedNodes } = await import("../formats/cluster.ts");
    const input = openInput(cluster);
    return describedNodes(await readText(input), input.name);
  }
  if (nodes === undefined) throw new UsageError("how many nodes are there? pass --nodes N or --cluster FILE");
  return typeof nodes === "number" ? uniformCluster(nodes, 1).map(({ name }) => ({ name })) : nodes.map((name) => ({ name }));
}
