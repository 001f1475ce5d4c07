/** Which nodes failed, from what cluster managers print. */
import { InputError } from "../../errors.ts";
import { parseJson } from "../parseJson.ts";
import { UnitError } from "../units.ts";
import { type InstanceNotice, instanceNotices, isInterruptionNotice, isPackedNotices, saysNothing } from "./awsNotices.ts";
import { expandHostList } from "./hostList.ts";
import { isKubernetesNodes, nodesOfKubernetes } from "./kubernetesNodes.ts";
import { isNodeTable, nodesOfTable } from "./nodeTables.ts";

/** What a text says about failed nodes. */
export interface FailedNodes {
  /** Names of the failed nodes, each once. */
  readonly names: readonly string[];
  /** Whether a cluster manager lists nodes and states, of which some may belong to other jobs; not a bare list of names. */
  readonly reported: boolean;
  /** Of a bare list: the names of each line that has several between blanks. */
  readonly rows: readonly { readonly line: number; readonly names: readonly string[] }[];
  /** Kinds of AWS notices that say nothing about whether an instance goes away. */
  readonly others: readonly string[];
}

/**
 * The failed nodes of a text: Kubernetes nodes as JSON, AWS interruption notices as JSON (one or several documents, the
 * instance is the node unless `instances` names it), a table of nodes with their states, or host lists. What is said last
 * about a node counts.
 * @param instances node of each cloud instance, where these are known
 * @throws InputError
 */
export function failedNodes(text: string, file: string, instances: ReadonlyMap<string, string>): FailedNodes {
  const content = text.replace(/^\ufeff/, "");
  if (content.trim() === "") return { names: [], reported: true, rows: [], others: [] };
  if (/^\s*[[{]/.test(content)) return fromJson(jsonDocuments(content, file), file, instances);
  if (isNodeTable(content)) return { names: deadOf(nodesOfTable(content, file)), reported: true, rows: [], others: [] };
  return { ...fromList(content, file), reported: false, others: [] };
}

function deadOf(nodes: ReadonlyMap<string, boolean>): string[] {
  return Array.from(nodes).flatMap(([name, dead]) => (dead ? [name] : []));
}

function fromList(content: string, file: string): Pick<FailedNodes, "names" | "rows"> {
  const rows: { line: number; names: string[] }[] = [];
  try {
    const names = expandHostList(content);
    for (const [i, line] of content.split("\n").entries()) {
      const words = line
        .trim()
        .replace(/\[[^\]]*\]/g, "")
        .replace(/\s*,\s*/g, ",");
      if (/\s/.test(words)) rows.push({ line: i + 1, names: expandHostList(line) });
    }
    return { names, rows };
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    throw new InputError(
      `${error.message}; or a table of sinfo or sacctmgr with its header, Kubernetes nodes or AWS notices as JSON`,
      {
        file,
      },
    );
  }
}

function fromJson(documents: readonly unknown[], file: string, instances: ReadonlyMap<string, string>): FailedNodes {
  const said: (readonly [name: string, dead: boolean])[] = [];
  let notices: InstanceNotice[] = [];
  const others: string[] = [];
  for (const value of documents) {
    if (isKubernetesNodes(value)) said.push(...nodesOfKubernetes(value, file));
    else if (isInterruptionNotice(value) || isPackedNotices(value)) {
      const found = instanceNotices(value, file);
      notices.push(...found.notices);
      others.push(...found.others);
    } else {
      throw new InputError(
        "this JSON tells of no nodes; expected Kubernetes nodes (kubectl get nodes -o json) or AWS interruption notices",
        { file },
      );
    }
  }
  if (others.length > 0 && notices.length === 0 && said.length === 0) throw saysNothing(others, file);
  // Queues deliver in any order.
  if (notices.every(({ time }) => time !== undefined))
    notices = notices.toSorted((a, b) => (a.time as number) - (b.time as number));
  for (const { instance, gone } of notices) said.push([instances.get(instance) ?? instance, gone]);
  return { names: deadOf(new Map(said)), reported: true, rows: [], others };
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
