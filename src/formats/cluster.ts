/** Cluster files: the nodes that hold experts, as JSON or CSV. */
import * as z from "zod/mini";
import type { ClusterNode } from "../core/layout/cluster.ts";
import { InputError, quoteInput, shownName } from "../errors.ts";
import { csvTable } from "./csvTable.ts";
import { nodeGpus, nodeName, nodeSlots } from "./documents/schema.ts";
import { checkedName } from "./names.ts";
import { parseJson } from "./parseJson.ts";
import { parseCount } from "./units.ts";

const nodeSchema = z.object({
  name: nodeName,
  slots: z.optional(nodeSlots),
  gpus: z.optional(nodeGpus),
  domain: z.optional(nodeName),
});
const clusterSchema = z.union([z.array(nodeSchema), z.object({ nodes: z.array(nodeSchema) })]);

/** A node as its file describes it. */
export interface DescribedNode {
  readonly name: string;
  readonly slots?: number | undefined;
  readonly gpus?: number | undefined;
  readonly domain?: string | undefined;
  /** Line of the file, where there are lines. */
  readonly line?: number | undefined;
}

/** What a node has when its file does not say. */
export interface NodeDefaults {
  readonly slots: number | undefined;
  readonly gpus: number;
}

/**
 * Reads a cluster: JSON `[{"name", "slots", "gpus", "domain"}, ...]` (or under `nodes`), or CSV with these columns.
 * @throws InputError with the line or the node
 */
export function parseCluster(text: string, file: string, defaults: NodeDefaults): ClusterNode[] {
  return describedNodes(text, file).map(({ name, slots = defaults.slots, gpus = defaults.gpus, domain, line }) => {
    if (slots === undefined)
      throw new InputError(`${shownName(name)} has no slots; add them to the file or pass --slots`, { file, line });
    return { name, slots, gpus, ...(domain === undefined ? {} : { domain }) };
  });
}

/**
 * Reads the nodes of a cluster file as they are described; see `parseCluster`.
 * @throws InputError with the line or the node
 */
export function describedNodes(text: string, file: string): DescribedNode[] {
  const nodes = /^\s*[[{]/.test(text) ? nodesFromJson(text, file) : nodesFromCsv(text, file);
  if (nodes.length === 0) throw new InputError("the cluster has no nodes; expected at least one", { file });
  const seen = new Set<string>();
  for (const { name } of nodes) {
    if (seen.has(name)) throw new InputError(`two nodes are called ${shownName(name)}; give each its own name`, { file });
    seen.add(name);
  }
  return nodes;
}

function nodesFromJson(text: string, file: string): DescribedNode[] {
  const value = parseJson(text, file);
  const result = z.safeParse(clusterSchema, value);
  if (!result.success) {
    throw new InputError(
      'expected [{"name":"node0","slots":6,"gpus":1,"domain":"rack-a"}, ...] with names that begin with a letter or digit, whole numbers from 1, at most 100000 slots and 1024 GPUs; leave out nodes without slots',
      { file },
    );
  }
  return Array.isArray(result.data) ? result.data : result.data.nodes;
}

function nodesFromCsv(text: string, file: string): DescribedNode[] {
  return csvTable(text, file, ["name"], ["slots", "gpus", "domain"]).map(({ line, cells }) => {
    const whole = (column: string, most: number) => {
      const cell = cells.get(column);
      if (cell === undefined || cell === "") return undefined;
      try {
        return parseCount(1, most)(cell);
      } catch (error) {
        const remedy = column === "slots" && Number(cell) === 0 ? "; leave out a node without slots" : "";
        throw new InputError(`${column}: ${(error as Error).message}, got ${quoteInput(cell)}${remedy}`, { file, line });
      }
    };
    const name = cells.get("name") ?? "";
    if (name === "") throw new InputError("the node has no name; give it one", { file, line });
    checkedName(name, "the node", { file, line });
    const domain = cells.get("domain") || undefined;
    if (domain !== undefined) checkedName(domain, "the domain", { file, line });
    return { name, slots: whole("slots", 100_000), gpus: whole("gpus", 1024), domain, line };
  });
}
