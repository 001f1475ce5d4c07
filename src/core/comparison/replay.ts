/** How plans age: every recorded iteration of a log replayed on each of them. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { Placement } from "../layout/placement.ts";
import { SHARES, type Shares } from "../placement/policy.ts";
import type { RoutingStep } from "../profile/routingStep.ts";
import { DISPATCHERS, type Dispatcher, dispatcherOf, type Imbalance, layerImbalance } from "./layerImbalance.ts";

/** What so many of the iterations do not exceed, each one that was recorded (nearest rank), and their mean. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** Load of the busiest rank over the mean in the replayed iterations. */
export interface Ages {
  /** Mean over the layers, which is what the compute of a step takes: one layer waits for the other. */
  readonly steps: Quantiles;
  /** Of the worst layer of each iteration. */
  readonly worstLayer: Quantiles;
  /** What `steps` is of: each iteration, in the order of the log. */
  readonly iterations: readonly number[];
  /** `steps` under each dispatcher that was asked for. */
  readonly dispatch: { readonly [D in Dispatcher]?: Quantiles };
}

/** A plan under a dispatcher, its layers as in all the others; what each iteration came to. */
interface Replayed {
  readonly layers: readonly Imbalance[];
  readonly means: number[];
  readonly worst: number[];
}

/** Replays iterations one by one; holds two numbers an iteration, plan and dispatcher, and none of the log. */
export class Replay {
  /** Shape [plans]. */
  readonly #plans: readonly ReadonlyMap<Dispatcher, Replayed>[];
  readonly #dispatcher: Dispatcher;
  readonly #asked: readonly Dispatcher[];
  readonly #layers: readonly number[];
  readonly #experts: number;
  readonly #loads: Float64Array;

  /**
   * @param plans at least one; all have the same layers with the same experts, in the same order
   * @param shares under which the plans age
   * @param dispatchers to replay beside
   */
  constructor(plans: readonly Placement[], shares: Shares, dispatchers: readonly Dispatcher[] = []) {
    checkChoice("shares", shares ?? null, SHARES);
    for (const dispatcher of dispatchers) checkChoice("dispatcher", dispatcher, DISPATCHERS);
    const [first] = plans;
    this.#layers = first!.layers.map(({ layer }) => layer);
    this.#experts = first!.layers[0]!.loads.length;
    this.#loads = new Float64Array(this.#experts);
    this.#dispatcher = dispatcherOf(shares);
    this.#asked = dispatchers;
    const all = [...new Set([this.#dispatcher, ...dispatchers])];
    this.#plans = plans.map(({ cluster, layers }) => {
      const prepared = (dispatcher: Dispatcher) => layers.map((layer) => layerImbalance(cluster, layer, dispatcher));
      return new Map(all.map((dispatcher) => [dispatcher, { layers: prepared(dispatcher), means: [], worst: [] }]));
    });
  }

  /**
   * Replays an iteration, which may be overwritten afterwards. A layer without tokens counts as level, as in `planCost`.
   * @throws Infeasible when it lacks a layer of the plans, or has more experts than they
   */
  add(step: RoutingStep): void {
    if (step.experts > this.#experts)
      throw new Infeasible(`iteration ${step.iteration} has ${step.experts} experts, the plans have ${this.#experts}`);
    const tables = this.#layers.map((layer) => step.layers.find((recorded) => recorded.layer === layer));
    const replays = this.#plans.flatMap((plan) => [...plan.values()]);
    const sums = new Float64Array(replays.length);
    const worst = new Float64Array(replays.length).fill(1);
    tables.forEach((table, l) => {
      if (table === undefined) throw new Infeasible(`iteration ${step.iteration} has no layer ${this.#layers[l]} of the plans`);
      this.#loads.set(table.loads);
      this.#loads.fill(0, table.loads.length);
      replays.forEach(({ layers }, r) => {
        const imbalance = layers[l]!(this.#loads);
        sums[r]! += imbalance;
        worst[r] = Math.max(worst[r]!, imbalance);
      });
    });
    replays.forEach(({ means, worst: worsts }, r) => {
      means.push(sums[r]! / tables.length);
      worsts.push(worst[r]!);
    });
  }

  get iterations(): number {
    return this.#plans[0]!.get(this.#dispatcher)!.means.length;
  }

  /** The ages of each plan, in their order; there is at least one iteration. */
  ages(): Ages[] {
    return this.#plans.map((plan) => {
      const { means, worst } = plan.get(this.#dispatcher)!;
      const dispatch = this.#asked.map((dispatcher) => [dispatcher, quantiles(plan.get(dispatcher)!.means)]);
      return { steps: quantiles(means), worstLayer: quantiles(worst), iterations: means, dispatch: Object.fromEntries(dispatch) };
    });
  }
}

/** @param values at least one */
export function quantiles(values: readonly number[]): Quantiles {
  const ascending = Float64Array.from(values).sort();
  const at = (percent: number) => ascending[Math.ceil((percent * ascending.length) / 100) - 1]!;
  const mean = ascending.reduce((sum, value) => sum + value, 0) / ascending.length;
  // A mean of equal numbers may come out a rounding below them.
  return { p50: at(50), p90: at(90), p99: at(99), max: at(100), mean: Math.max(ascending[0]!, mean) };
}
