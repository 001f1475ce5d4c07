/** Membership traces of every format, told apart by how they begin. */
import { checkChoice } from "../../core/algorithms/checkChoice.ts";
import type { RandomSource } from "../../core/algorithms/random.ts";
import type { MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import { checkMembershipTrace } from "../documents/membershipTrace.ts";
import { parseJson } from "../parseJson.ts";
import { checkTraceSize } from "./countTrace.ts";
import { hourlyCounts } from "./hourlyCounts.ts";
import { millisecondTrace } from "./millisecondTrace.ts";
import { POLARITIES, type Polarity, skyPilotTrace } from "./skyPilotTrace.ts";
import { slurmEvents } from "./slurmEvents.ts";

/** What a trace leaves open. */
export interface TraceOptions {
  readonly polarity: Polarity;
  /** Draws which nodes go where a trace only counts them. */
  readonly random: RandomSource;
  /** Nodes of the cluster, where the trace names only those that something happened to. */
  readonly nodes?: number | undefined;
}

/** Whether a trace names only the nodes that something happened to. */
export function namesOnlyNodesWithEvents(text: string): boolean {
  return /^[^\n{]*\|/.test(text.trimStart());
}

/** Whether a trace is SkyPilot's, which counts instances. */
export function isOfSkyPilot(text: string): boolean {
  return text.trimStart().startsWith("{") && text.includes('"metadata"');
}

/**
 * Reads a trace: our own JSON, SkyPilot's JSON, `sacctmgr -P show event`, rows `ms,add|remove,node` or rows `hours,count`.
 * @throws InputError
 */
export function readTrace(text: string, file: string, { polarity, random, nodes }: TraceOptions): MembershipTrace {
  checkChoice("polarity", polarity ?? null, POLARITIES);
  const start = text.trimStart();
  if (start.startsWith("{")) {
    const value = parseJson(text, file);
    const isSkyPilot = typeof value === "object" && value !== null && "metadata" in value;
    return isSkyPilot ? skyPilotTrace(value, file, polarity, random) : checkTraceSize(checkMembershipTrace(value, file), file);
  }
  const firstLine = start.split("\n", 1)[0]!;
  if (namesOnlyNodesWithEvents(start)) return checkTraceSize(slurmEvents(text, file, nodes), file);
  return firstLine.split(",").length === 2
    ? hourlyCounts(text, file, random)
    : checkTraceSize(millisecondTrace(text, file), file);
}
