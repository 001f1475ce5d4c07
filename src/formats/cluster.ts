/** Cluster files: the nodes that hold experts, as JSON or CSV. */
import * as z from "zod/mini";
import type { ClusterNode } from "../core/cluster.ts";
import { InputError } from "../errors.ts";
import { csvTable } from "./csvTable.ts";
import { parseJson } from "./parseJson.ts";
import { parseCount } from "./units.ts";

const nodeSchema = z.object({
  name: z.string().check(z.minLength(1)),
  slots: z.optional(z.int().check(z.positive())),
  gpus: z.optional(z.int().check(z.positive())),
  domain: z.optional(z.string().check(z.minLength(1))),
});
const clusterSchema = z.union([z.array(nodeSchema), z.object({ nodes: z.array(nodeSchema) })]);

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
  const nodes = /^\s*[[{]/.test(text) ? clusterFromJson(text, file, defaults) : clusterFromCsv(text, file, defaults);
  if (nodes.length === 0) throw new InputError("the cluster has no nodes; expected at least one", { file });
  const seen = new Set<string>();
  for (const { name } of nodes) {
    if (seen.has(name)) throw new InputError(`two nodes are called ${name}; give each its own name`, { file });
    seen.add(name);
  }
  return nodes;
}

function clusterFromJson(text: string, file: string, defaults: NodeDefaults): ClusterNode[] {
  const value = parseJson(text, file);
  const result = z.safeParse(clusterSchema, value);
  if (!result.success) {
    throw new InputError(
      'expected [{"name":"node0","slots":6,"gpus":1,"domain":"rack-a"}, ...] with whole numbers of at least 1',
      { file },
    );
  }
  const list = Array.isArray(result.data) ? result.data : result.data.nodes;
  return list.map(({ name, slots, gpus, domain }) => clusterNode(name, slots, gpus, domain, defaults, { file }));
}

function clusterFromCsv(text: string, file: string, defaults: NodeDefaults): ClusterNode[] {
  return csvTable(text, file, ["name"], ["slots", "gpus", "domain"]).map(({ line, cells }) => {
    const whole = (column: string) => {
      const cell = cells.get(column);
      if (cell === undefined || cell === "") return undefined;
      try {
        return parseCount(1)(cell);
      } catch (error) {
        throw new InputError(`${column}: ${(error as Error).message}, got "${cell}"`, { file, line });
      }
    };
    const name = cells.get("name") ?? "";
    if (name === "") throw new InputError("the node has no name; give it one", { file, line });
    return clusterNode(name, whole("slots"), whole("gpus"), cells.get("domain") || undefined, defaults, { file, line });
  });
}

function clusterNode(
  name: string,
  slots: number | undefined,
  gpus: number | undefined,
  domain: string | undefined,
  defaults: NodeDefaults,
  place: { file: string; line?: number },
): ClusterNode {
  const known = slots ?? defaults.slots;
  if (known === undefined) throw new InputError(`${name} has no slots; add them to the file or pass --slots`, place);
  return { name, slots: known, gpus: gpus ?? defaults.gpus, ...(domain === undefined ? {} : { domain }) };
}
