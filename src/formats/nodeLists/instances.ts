/** Which node is which cloud instance. */
import { InputError } from "../../errors.ts";
import { csvTable } from "../csvTable.ts";
import { checkedName } from "../names.ts";
import { parseJson } from "../parseJson.ts";
import { instancesOfNodes, isKubernetesNodes } from "./kubernetesNodes.ts";

/**
 * Node of each instance: CSV with the columns instance and node, or Kubernetes nodes as JSON, whose provider ids end in the
 * instance's.
 * @throws InputError
 */
export function parseInstances(text: string, file: string): Map<string, string> {
  if (!/^\s*[[{]/.test(text)) {
    return new Map(
      csvTable(text, file, ["instance", "node"], []).map(({ cells, line }) => [
        checkedName(cells.get("instance") as string, "the instance", { file, line }),
        checkedName(cells.get("node") as string, "the node", { file, line }),
      ]),
    );
  }
  const value = parseJson(text, file);
  if (!isKubernetesNodes(value))
    throw new InputError("expected CSV with the columns instance,node or Kubernetes nodes (kubectl get nodes -o json)", { file });
  return instancesOfNodes(value, file);
}
