/** How long the steps of a job take, computed once for a configuration and a window of loads. */

import { type StepCostCoefficients, type StepParts, stepCostCoefficients, stepParts, stepSeconds } from "../cost/stepCost.ts";
import type { Job } from "./job.ts";
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
  readonly #byNodes = new Map<number, StepCostCoefficients>();
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
      const coefficients = this.#coefficients(configuration.nodes.length);
      const cost = configuration.cost(window);
      const parts = this.#slowed(configuration, stepParts(coefficients, cost));
      const seconds = this.#slowdown === undefined ? stepSeconds(coefficients, cost) : totalOf(parts);
      const ticks = Math.max(1, toTicks(seconds));
      this.#last = { configuration, window, time: { ticks, parts } };
    }
    return this.#last.time;
  }

  /** Samples of a step in a configuration. */
  samplesOf({ nodes }: Configuration): number {
    return nodes.length * this.#job.model.sequencesPerNode;
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

  #coefficients(nodes: number): StepCostCoefficients {
    let coefficients = this.#byNodes.get(nodes);
    if (coefficients === undefined) {
      const { model, hardware, gradientAccumulation } = this.#job;
      coefficients = stepCostCoefficients(model, hardware, nodes, gradientAccumulation);
      this.#byNodes.set(nodes, coefficients);
    }
    return coefficients;
  }
}

function totalOf(parts: StepParts): number {
  return Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
}
