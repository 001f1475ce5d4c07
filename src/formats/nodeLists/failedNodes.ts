/** Which nodes failed, from what cluster managers print. */
import { InputError } from "../../errors.ts";
import { parseJson } from "../parseJson.ts";
import { UnitError } from "../units.ts";
import { interruptedInstances, isInterruptionNotice, isPackedNotices } from "./awsNotices.ts";
import { expandHostList } from "./hostList.ts";
import { isKubernetesNodes, unreadyNodes } from "./kubernetesNodes.ts";
import { isSlurmTable, slurmFailedNodes } from "./slurmTables.ts";

/**
 * Names of failed nodes from a text: Kubernetes nodes as JSON, AWS interruption notices as JSON (one or several documents,
 * the instance is the node unless `instances` names it), a table of sinfo or sacctmgr, or host lists.
 * @param instances node of each cloud instance, where these are known
 * @throws InputError
 */
export function failedNodes(text: string, file: string, instances: ReadonlyMap<string, string>): string[] {
  const content = text.replace(/^\ufeff/, "");
  if (content.trim() === "") return [];
  if (/^\s*[[{]/.test(content))
    return [...new Set(jsonDocuments(content, file).flatMap((value) => fromJson(value, file, instances)))];
  if (isSlurmTable(content)) return slurmFailedNodes(content, file);
  try {
    return expandHostList(content);
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    throw new InputError(`${error.message}; or a table of sinfo or sacctmgr, Kubernetes nodes or AWS notices as JSON`, { file });
  }
}

function fromJson(value: unknown, file: string, instances: ReadonlyMap<string, string>): string[] {
  if (isKubernetesNodes(value)) return unreadyNodes(value, file);
  if (isInterruptionNotice(value) || isPackedNotices(value)) {
    return interruptedInstances(value, file).map((instance) => instances.get(instance) ?? instance);
  }
  throw new InputError(
    "this JSON tells of no nodes; expected Kubernetes nodes (kubectl get nodes -o json) or AWS interruption notices",
    { file },
  );
}

/** One document however it is laid out, or one a line. */
function jsonDocuments(text: string, file: string): unknown[] {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.trim() !== "");
  try {
    JSON.parse(lines[first] as string);
  } catch {
    return [parseJson(text, file)];
  }
  return lines.flatMap((line, i) => (line.trim() === "" ? [] : [parseJson(line, file, i + 1)]));
}
