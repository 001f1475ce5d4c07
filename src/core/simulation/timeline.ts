/** A run's history, change by change. */
import type { Activity } from "./runRecord.ts";

/** What happened at a row of the timeline. */
export type TimelineEvent = "start" | "loads" | "failure" | "addition" | Exclude<Activity, "compute"> | "train" | "end";

/** A moment at which a run changes. */
export interface TimelineRow {
  readonly system: string;
  readonly second: number;
  /** Live nodes. */
  readonly nodes: number;
  /** Nodes that train from this moment on; 0 while the job stands still. */
  readonly training: number;
  /** Rate from this moment on. */
  readonly samplesPerSecond: number;
  /** Samples trained so far, less those taken back. */
  readonly samples: number;
  readonly event: TimelineEvent;
}
