/** How long the steps of a job take, computed once for a configuration and a window of loads. */

import { type StepCostCoefficients, type StepParts, stepCostCoefficients, stepParts, stepSeconds } from "../cost/stepCost.ts";
import type { Job } from "./job.ts";
import { type LoadWindow, windowAt } from "./loadSchedule.ts";
import { toSeconds, toTicks } from "./membership.ts";
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
  readonly #byNodes = new Map<number, StepCostCoefficients>();
  #last: { configuration: Configuration; window: LoadWindow; time: StepTime } | undefined;

  constructor(job: Job) {
    this.#job = job;
  }

  /** Time that a step takes in a configuration. */
  timeOf(configuration: Configuration, step: number): StepTime {
    const window = windowAt(this.#job.loads, step);
    if (this.#last?.configuration !== configuration || this.#last.window !== window) {
      const coefficients = this.#coefficients(configuration.nodes.length);
      const cost = configuration.cost(window);
      const ticks = Math.max(1, toTicks(stepSeconds(coefficients, cost)));
      this.#last = { configuration, window, time: { ticks, parts: stepParts(coefficients, cost) } };
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
