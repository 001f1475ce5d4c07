/** AWS notices of instances that go away: EventBridge events, alone or in SQS or SNS messages. */
import { InputError } from "../../errors.ts";
import { checkedName } from "../names.ts";
import { parseJson } from "../parseJson.ts";
import { shownValue } from "../shownValue.ts";
import type { NodeState } from "./nodeStates.ts";

const INTERRUPTION = "EC2 Spot Instance Interruption Warning";
const STATE_CHANGE = "EC2 Instance State-change Notification";
const GONE = new Set(["shutting-down", "terminated", "stopping", "stopped"]);

/** Whether a parsed value looks like an EventBridge event, or like the notice in an instance's own metadata. */
export function isInterruptionNotice(value: unknown): value is object {
  return typeof value === "object" && value !== null && ("detail-type" in value || ("action" in value && "time" in value));
}

/** Whether a parsed value is a list of notices, or messages that hold some. */
export function isPackedNotices(value: unknown): value is object {
  return (
    Array.isArray(value) ||
    (typeof value === "object" && value !== null && ("Messages" in value || "Body" in value || "Message" in value))
  );
}

/** SNS in SQS in a list of messages, and room to spare. */
const MOST_PACKINGS = 10;

/** What a notice says about an instance. */
export interface InstanceNotice {
  readonly instance: string;
  readonly state: NodeState;
  /** Milliseconds since 1970, where the event has its time. */
  readonly time: number | undefined;
}

/** What notices say: about instances, in their order, and the kinds of those that say nothing about whether one goes away. */
export interface InstanceNotices {
  readonly notices: readonly InstanceNotice[];
  readonly others: readonly string[];
}

/**
 * The notices in a parsed value.
 * @throws InputError, for a notice that names no instance
 */
export function instanceNotices(value: unknown, file: string): InstanceNotices {
  const notices: InstanceNotice[] = [];
  const others: string[] = [];
  for (const notice of unpackedNotices(value, file)) {
    if (typeof notice === "string") others.push(notice);
    else notices.push(notice);
  }
  return { notices, others };
}

/** Why a notice alone is no list of failed nodes. */
export function saysNothing(kinds: readonly string[], file: string): InputError {
  return new InputError(
    `${shownValue(kinds[0])} does not say that an instance goes away; expected "${INTERRUPTION}" or "${STATE_CHANGE}"`,
    { file },
  );
}

/** Notices, or the kinds of others. */
function unpackedNotices(value: unknown, file: string, packings = 0): (InstanceNotice | string)[] {
  const wrong = (what: string) => new InputError(what, { file });
  if (packings > MOST_PACKINGS) throw wrong("the notices are packed too deep; expected events, alone or in SQS or SNS messages");
  if (Array.isArray(value)) return value.flatMap((notice) => unpackedNotices(notice, file, packings + 1));
  if (typeof value !== "object" || value === null) throw wrong("expected AWS notices as JSON objects");
  const fields = value as Record<string, unknown>;
  if (Array.isArray(fields["Messages"])) return unpackedNotices(fields["Messages"], file, packings + 1);
  for (const packing of ["Body", "Message"]) {
    const packed = fields[packing];
    if (typeof packed === "string") return unpackedNotices(parseJson(packed, file), file, packings + 1);
  }
  const kind = fields["detail-type"];
  if (kind === undefined) {
    throw wrong("this notice from the instance's own metadata does not name the instance; pass the node's name: --failed NAME");
  }
  if (typeof kind !== "string") throw wrong("expected the notice's detail-type to be a text");
  if (kind !== INTERRUPTION && kind !== STATE_CHANGE) return [kind];
  const detail = (fields["detail"] ?? {}) as Record<string, unknown>;
  const instance = detail["instance-id"];
  if (typeof instance !== "string" || instance === "") throw wrong(`the notice "${kind}" has no detail.instance-id`);
  checkedName(instance, "the notice's instance-id", { file });
  const time = Date.parse(String(fields["time"]));
  const state = kind === INTERRUPTION ? "interrupted" : GONE.has(String(detail["state"])) ? "down" : "up";
  return [{ instance, state, time: Number.isNaN(time) ? undefined : time }];
}
