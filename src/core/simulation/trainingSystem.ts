/** What the simulator asks of a training system: how it uses nodes, and what it does when they come and go. */

import type { Iteration } from "../cost/iteration.ts";
import type { PlanCost } from "../cost/stepCost.ts";
import type { LoadWindow } from "./loadSchedule.ts";

/** How a system trains between two changes. */
export interface Configuration {
  /** Nodes that take part. */
  readonly nodes: readonly number[];
  /** How long the transfers take that lead here from the configuration before; nothing where they are not counted. */
  readonly transferSeconds?: number;
  /** What a step consists of, where that is not a micro-batch of every node. */
  readonly iteration?: Iteration | undefined;
  /** What a step with the window's loads costs. */
  cost(window: LoadWindow): PlanCost;
}

/** A way to go on with joined nodes. */
export interface ScaleUp {
  readonly configuration: Configuration;
  /** How the nodes are taken in: while the job's state stays in memory, or by a restart from the last checkpoint. */
  readonly by: "reconfigure" | "restart";
}

/** A training system's answer to failures and additions. `window` has the loads known at that moment. */
export interface TrainingSystem {
  readonly name: string;
  /** Begins or restarts on live nodes, the state coming from the store; undefined when they are too few. */
  start(live: readonly number[], window: LoadWindow): Configuration | undefined;
  /** Goes on with live nodes after some of the configuration failed; undefined when their memory lacks state. */
  survive(current: Configuration, live: readonly number[], window: LoadWindow): Configuration | undefined;
  /** Takes in nodes that joined; undefined when the system has no use for them. */
  scaleUp(current: Configuration, live: readonly number[], window: LoadWindow): ScaleUp | undefined;
  /** Follows the loads; a system that returns the current configuration itself goes on without a pause. */
  rebalance?(current: Configuration, window: LoadWindow): Configuration;
}
