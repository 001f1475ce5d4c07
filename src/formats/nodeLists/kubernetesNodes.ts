/** Nodes as `kubectl get nodes -o json` prints them. */
import * as z from "zod/mini";
import { InputError } from "../../errors.ts";
import { nodeName } from "../documents/schema.ts";
import type { NodeState } from "./nodeStates.ts";

const nodeSchema = z.object({
  kind: z.optional(z.literal("Node")),
  metadata: z.object({ name: nodeName }),
  spec: z.optional(z.object({ providerID: z.optional(z.string()), unschedulable: z.optional(z.boolean()) })),
  status: z.optional(z.object({ conditions: z.optional(z.array(z.object({ type: z.string(), status: z.string() }))) })),
});
const listSchema = z.object({
  kind: z.enum(["List", "NodeList"]),
  metadata: z.optional(z.object({ continue: z.optional(z.string()) })),
  items: z.array(nodeSchema),
});
const eventSchema = z.object({ type: z.enum(["ADDED", "MODIFIED", "DELETED"]), object: nodeSchema });

type KubernetesNode = z.infer<typeof nodeSchema>;

/** Whether a parsed value is a node, a list of nodes, or a watch event of one. */
export function isKubernetesNodes(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if ("kind" in value) return ["List", "NodeList", "Node"].includes(String(value.kind));
  return "type" in value && "object" in value;
}

/** Whether a parsed value is a list to its end, which leaves no node of the cluster out. */
export function listsAllNodes(value: object): boolean {
  const list = z.safeParse(listSchema, value);
  return list.success && !list.data.metadata?.continue;
}

/**
 * Nodes by name, and their states. They are down when their Ready condition is not True, or a watch event says that they are deleted.
 * @throws InputError
 */
export function nodesOfKubernetes(value: object, file: string): [name: string, state: NodeState][] {
  return kubernetesNodes(value, file).map(({ node, deleted }) => {
    const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
    const isDown = deleted || ready?.status !== "True";
    return [node.metadata.name, isDown ? "down" : node.spec?.unschedulable === true ? "drained" : "up"];
  });
}

/**
 * Node of each cloud instance, by the last part of the provider's id (`aws:///us-east-1a/i-0123`).
 * @throws InputError
 */
export function instancesOfNodes(value: object, file: string): Map<string, string> {
  const instances = new Map<string, string>();
  for (const { node } of kubernetesNodes(value, file)) {
    const instance = node.spec?.providerID?.split("/").at(-1);
    if (instance) instances.set(instance, node.metadata.name);
  }
  return instances;
}

function kubernetesNodes(value: object, file: string): { node: KubernetesNode; deleted: boolean }[] {
  // A bookmark says how far the watch has come, and nothing about a node.
  if ("type" in value && value.type === "BOOKMARK") return [];
  const list = z.safeParse(listSchema, value);
  if (list.success) return list.data.items.map((node) => ({ node, deleted: false }));
  const event = z.safeParse(eventSchema, value);
  if (event.success) return [{ node: event.data.object, deleted: event.data.type === "DELETED" }];
  const node = z.safeParse(nodeSchema, value);
  if (node.success && "kind" in value) return [{ node: node.data, deleted: false }];
  throw new InputError(
    "expected Kubernetes nodes with metadata.name (a name of a host) and status.conditions, as kubectl get nodes -o json prints them",
    { file },
  );
}
