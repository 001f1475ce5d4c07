/** What people and cluster managers say about nodes: which failed, and which are to leave. */
import { InputError } from "../../errors.ts";
import { parseJson } from "../parseJson.ts";
import { UnitError } from "../units.ts";
import { type InstanceNotice, instanceNotices, isInterruptionNotice, isPackedNotices, saysNothing } from "./awsNotices.ts";
import { expandHostList } from "./hostList.ts";
import { isKubernetesNodes, listsAllNodes, nodesOfKubernetes } from "./kubernetesNodes.ts";
import type { NodeState } from "./nodeStates.ts";
import { isNodeTable, nodesOfTable } from "./nodeTables.ts";

/** What a text says about nodes. */
export interface NodeReport {
  /** Names in a bare list, each once; nothing where a cluster manager reports states, of nodes of other jobs, too. */
  readonly names?: readonly string[];
  /** State of each node that it tells of, where there are states. */
  readonly states: ReadonlyMap<string, NodeState>;
  /** Which nodes it tells of: all of a cluster, those that somebody asked for, among them ones that are up, or a few with news. */
  readonly covers: "all" | "asked" | "news";
  /** Of a bare list: the names of each line that has several between blanks. */
  readonly rows: readonly { readonly line: number; readonly names: readonly string[] }[];
  /** Kinds of AWS notices that say nothing about whether an instance goes away. */
  readonly others: readonly string[];
}

const SILENT = { states: new Map<string, NodeState>(), covers: "news", rows: [], others: [] } as const;

/**
 * What a text says about nodes: Kubernetes nodes as JSON, AWS interruption notices as JSON (one or several documents, the
 * instance is the node unless `instances` names it), a table of nodes with their states, or host lists. What is said last
 * about a node counts.
 * @param instances node of each cloud instance, where these are known
 * @throws InputError
 */
export function nodeReport(text: string, file: string, instances: ReadonlyMap<string, string>): NodeReport {
  const content = text.replace(/^\ufeff/, "");
  if (content.trim() === "") return SILENT;
  if (/^\s*[[{]/.test(content)) return fromJson(jsonDocuments(content, file), file, instances);
  if (isNodeTable(content)) return fromTable(content, file);
  return { ...SILENT, ...fromList(content, file) };
}

/** A report of names that somebody typed. */
export function namedNodes(names: readonly string[]): NodeReport {
  return { ...SILENT, names };
}

/** Only kubectl's tables have all nodes; and one without a node that is up has been picked from. */
function fromTable(content: string, file: string): NodeReport {
  const { states, source } = nodesOfTable(content, file);
  const isPicked = source === "events" || ![...states.values()].includes("up");
  return { ...SILENT, states, covers: isPicked ? "news" : source === "kubectl" ? "all" : "asked" };
}

function fromList(content: string, file: string): Pick<Required<NodeReport>, "names" | "rows"> {
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

function fromJson(documents: readonly unknown[], file: string, instances: ReadonlyMap<string, string>): NodeReport {
  const said: (readonly [name: string, state: NodeState])[] = [];
  let notices: InstanceNotice[] = [];
  let isAll = false;
  const others: string[] = [];
  for (const value of documents) {
    if (isKubernetesNodes(value)) {
      said.push(...nodesOfKubernetes(value, file));
      isAll ||= listsAllNodes(value);
    } else if (isInterruptionNotice(value) || isPackedNotices(value)) {
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
  for (const { instance, state } of notices) said.push([instances.get(instance) ?? instance, state]);
  return { ...SILENT, states: new Map(said), covers: isAll ? "all" : "news", others };
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
