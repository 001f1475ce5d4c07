/** How plans age: every recorded iteration of a log replayed on each of them. */
import { Infeasible } from "../layout/infeasible.ts";
import type { Placement } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";
import type { RoutingStep } from "../profile/routingStep.ts";
import { type Imbalance, layerImbalance } from "./layerImbalance.ts";

/** What so many of the iterations do not exceed; each is one that was recorded (nearest rank). */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Load of the busiest rank over the mean in the replayed iterations. */
export interface Ages {
  /** Mean over the layers, which is what the compute of a step takes: one layer waits for the other. */
  readonly steps: Quantiles;
  /** Of the worst layer of each iteration. */
  readonly worstLayer: Quantiles;
}

/** A plan, its layers as in all the others. */
interface Replayed {
  readonly layers: readonly Imbalance[];
  readonly means: number[];
  readonly worst: number[];
}

/** Replays iterations one by one; holds two numbers an iteration and plan, and none of the log. */
export class Replay {
  readonly #plans: readonly Replayed[];
  readonly #layers: readonly number[];
  readonly #experts: number;
  readonly #loads: Float64Array;

  /** @param plans at least one; all have the same layers with the same experts, in the same order */
  constructor(plans: readonly Placement[], shares: Shares) {
    const [first] = plans;
    this.#layers = first!.layers.map(({ layer }) => layer);
    this.#experts = first!.layers[0]!.loads.length;
    this.#loads = new Float64Array(this.#experts);
    this.#plans = plans.map(({ cluster, layers }) => ({
      layers: layers.map((layer) => layerImbalance(cluster, layer, shares)),
      means: [],
      worst: [],
    }));
  }

  /**
   * Replays an iteration, which may be overwritten afterwards. A layer without tokens counts as level, as in `planCost`.
   * @throws Infeasible when it lacks a layer of the plans, or has more experts than they
   */
  add(step: RoutingStep): void {
    if (step.experts > this.#experts)
      throw new Infeasible(`iteration ${step.iteration} has ${step.experts} experts, the plans have ${this.#experts}`);
    const tables = this.#layers.map((layer) => step.layers.find((recorded) => recorded.layer === layer));
    const sums = this.#plans.map(() => 0);
    const worst = this.#plans.map(() => 1);
    tables.forEach((table, l) => {
      if (table === undefined) throw new Infeasible(`iteration ${step.iteration} has no layer ${this.#layers[l]} of the plans`);
      this.#loads.set(table.loads);
      this.#loads.fill(0, table.loads.length);
      this.#plans.forEach(({ layers }, p) => {
        const imbalance = layers[l]!(this.#loads);
        sums[p]! += imbalance;
        worst[p] = Math.max(worst[p]!, imbalance);
      });
    });
    this.#plans.forEach(({ means, worst: worsts }, p) => {
      means.push(sums[p]! / tables.length);
      worsts.push(worst[p]!);
    });
  }

  get iterations(): number {
    return this.#plans[0]!.means.length;
  }

  /** The ages of each plan, in their order; there is at least one iteration. */
  ages(): Ages[] {
    return this.#plans.map(({ means, worst }) => ({ steps: quantiles(means), worstLayer: quantiles(worst) }));
  }
}

/** @param values at least one */
export function quantiles(values: readonly number[]): Quantiles {
  const ascending = Float64Array.from(values).sort();
  const at = (percent: number) => ascending[Math.ceil((percent * ascending.length) / 100) - 1]!;
  return { p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}
