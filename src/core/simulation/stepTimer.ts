/** How long the steps of a job take, computed once for a configuration and a window of loads. */

import { type Iteration, iterationParts } from "../cost/iteration.ts";
import { type StepParts, stepParts, stepSeconds, totalOfParts } from "../cost/stepCost.ts";
import type { Job } from "./job.ts";
import { nodeIteration } from "./jobIteration.ts";
import { type LoadWindow, windowAt } from "./loadSchedule.ts";
import { type Slowdown, toSeconds, toTicks } from "./membership.ts";
import type { Configuration } from "./trainingSystem.ts";

/** Time of one step. */
export interface StepTime {
  /** At least 1. */
  readonly ticks: number;
  readonly parts: StepParts;
}

/** Times steps, counts their samples, and remembers the last answer: loads and configuration rarely change. */
export class StepTimer {
  readonly #job: Job;
  readonly #slowdown: ((node: number) => Slowdown) | undefined;
  readonly #byNodes = new Map<number, Iteration>();
  #last: { configuration: Configuration; window: LoadWindow; time: StepTime } | undefined;

  /** @param slowdown of the nodes; the slowest one in use holds up the others */
  constructor(job: Job, slowdown?: (node: number) => Slowdown) {
    this.#job = job;
    this.#slowdown = slowdown;
  }

  /** Time that a step takes in a configuration. */
  timeOf(configuration: Configuration, step: number): StepTime {
    const window = windowAt(this.#job.loads, step);
    if (this.#last?.configuration !== configuration || this.#last.window !== window) {
      const iteration = this.#iterationOf(configuration);
      const { coefficients } = iteration;
      const { overlap = 0 } = this.#job;
      const cost = configuration.cost(window);
      const isPlain = this.#slowdown === undefined && overlap === 0 && iteration.slots === 1;
      const once = this.#slowed(configuration, stepParts(coefficients, cost));
      const parts = isPlain ? once : iterationParts(once, iteration, overlap);
      const seconds = isPlain ? stepSeconds(coefficients, cost) : totalOfParts(parts);
      const ticks = Math.max(1, toTicks(seconds));
      this.#last = { configuration, window, time: { ticks, parts } };
    }
    return this.#last.time;
  }

  /** Samples of a step in a configuration. */
  samplesOf(configuration: Configuration): number {
    return this.#iterationOf(configuration).samples;
  }

  /** Samples per second while a configuration trains. */
  rateOf(configuration: Configuration, step: number): number {
    return this.samplesOf(configuration) / toSeconds(this.timeOf(configuration, step).ticks);
  }

  #slowed({ nodes }: Configuration, parts: StepParts): StepParts {
    const slowdown = this.#slowdown;
    if (slowdown === undefined) return parts;
    const factors = nodes.map(slowdown);
    const compute = factors.reduce((most, factor) => Math.max(most, factor.compute), 1);
    const network = factors.reduce((most, factor) => Math.max(most, factor.network), 1);
    return {
      overhead: parts.overhead,
      dense: parts.dense * compute,
      denseSync: parts.denseSync * network,
      experts: parts.experts * compute,
      allToAll: parts.allToAll * network,
      expertSync: parts.expertSync * network,
    };
  }

  #iterationOf({ nodes, iteration }: Configuration): Iteration {
    if (iteration !== undefined) return iteration;
    let known = this.#byNodes.get(nodes.length);
    if (known === undefined) {
      known = nodeIteration(this.#job, nodes.length);
      this.#byNodes.set(nodes.length, known);
    }
    return known;
  }
}
