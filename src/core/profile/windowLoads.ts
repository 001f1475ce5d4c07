/** Loads of one window, accumulated step by step. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { largestRemainder } from "../algorithms/largestRemainder.ts";
import { type LayerProfile, LOAD_METHODS, type LoadMethod, type LoadProfile, type ProfileWindow } from "./loadProfile.ts";
import type { LayerTokens, RoutingStep } from "./routingStep.ts";
import { WindowError } from "./windowError.ts";

/** How the iterations of a window are put together; `alpha` in (0, 1] weighs the newest one. */
export type WindowMethod = ({ readonly kind: Exclude<LoadMethod, "ema"> } | { readonly kind: "ema"; readonly alpha: number }) & {
  /** Whether a layer with fewer tokens an iteration than experts keeps its proportions, at the price of a scale. */
  readonly keepProportions?: boolean;
};

const NO_TOKENS = new Float64Array(0);

/** Running figures of a layer: sums for `mean` and `sum`, the newest counts for `last`, the average for `ema`. */
export interface LayerTotals {
  readonly layer: number;
  /** Shape [experts]. */
  loads: Float64Array;
  /** Shape [ranks][experts]. */
  byRank: Float64Array;
}

/**
 * One window's loads. Memory is that of one step, whatever the number of steps.
 *
 * Tokens stay whole numbers. With `mean` and `ema` a layer's total is rounded first and its experts share it by largest
 * remainder; then each expert's load is shared by its source ranks likewise, so that ranks sum to loads and loads to the
 * total, and loads are the same with and without ranks. Where a layer has fewer tokens an iteration than experts, rounding
 * takes what the window measured: with `keepProportions` a mean then stays the sum that it was, and an average is multiplied
 * by as much.
 */
export class WindowLoads {
  private readonly method: WindowMethod;
  private readonly layers = new Map<number, LayerTotals>();
  private experts = 0;
  private ranks = 0;
  private from = 0;
  private to = 0;
  private recorded = 0;

  /** @throws RangeError when alpha is not in (0, 1] */
  constructor(method: WindowMethod) {
    checkChoice("method", method.kind ?? null, LOAD_METHODS);
    if (method.kind === "ema" && !(method.alpha > 0 && method.alpha <= 1)) {
      throw new RangeError(`alpha must be above 0 and at most 1, got ${method.alpha}`);
    }
    this.method = method;
  }

  /** Steps added so far. */
  get iterations(): number {
    return this.recorded;
  }

  /**
   * Adds the next recorded iteration. Experts and ranks that a step does not know had no tokens in it.
   * @throws WindowError when its layers are not those of the steps before it, or a layer's tokens sum to 2^53 or more
   */
  add(step: RoutingStep): void {
    if (this.recorded === 0) this.from = step.iteration;
    this.matchLayers(step);
    this.fit(step);
    for (const tokens of step.layers) this.fold(tokens, step);
    this.to = step.iteration;
    this.recorded++;
  }

  /**
   * The window's profile.
   * @throws RangeError when no step was added
   */
  profile(): LoadProfile {
    if (this.recorded === 0) throw new RangeError("a load profile needs at least one iteration");
    const scale = this.scale();
    const method = this.method.kind === "mean" && scale > 1 ? "sum" : this.method.kind;
    const window: ProfileWindow = { from: this.from, to: this.to, iterations: this.recorded, method };
    return {
      experts: this.experts,
      window: this.method.kind === "ema" ? { ...window, alpha: this.method.alpha } : window,
      ...(scale === 1 ? {} : { scale }),
      layers: [...this.layers.values()].map((totals) => this.layerProfile(totals, scale)),
    };
  }

  private matchLayers(step: RoutingStep): void {
    if (this.recorded === 0) {
      for (const { layer } of step.layers) {
        this.layers.set(layer, { layer, loads: NO_TOKENS, byRank: NO_TOKENS });
      }
      return;
    }
    const { iteration } = step;
    for (const { layer } of step.layers) {
      if (!this.layers.has(layer)) throw missingLayer(layer, this.to, iteration);
    }
    if (step.layers.length === this.layers.size) return;
    const present = new Set(step.layers.map(({ layer }) => layer));
    for (const layer of this.layers.keys()) if (!present.has(layer)) throw missingLayer(layer, iteration, this.to);
  }

  /** Makes room for the step's experts and ranks. */
  private fit(step: RoutingStep): void {
    const experts = Math.max(this.experts, step.experts);
    const ranks = Math.max(this.ranks, step.ranks);
    if (experts === this.experts && ranks === this.ranks) return;
    for (const totals of this.layers.values()) {
      totals.loads = resized(totals.loads, this.experts, 1, experts);
      totals.byRank = resized(totals.byRank, this.experts, ranks, experts);
    }
    this.experts = experts;
    this.ranks = ranks;
  }

  private fold({ layer, loads, byRank }: LayerTokens, { iteration, experts }: RoutingStep): void {
    const totals = this.layers.get(layer)!;
    const sum = this.foldTable(totals.loads, loads, experts);
    if (this.ranks > 0) this.foldTable(totals.byRank, byRank ?? NO_TOKENS, experts);
    if (sum > Number.MAX_SAFE_INTEGER) {
      throw new WindowError(
        `layer ${layer} has 2^53 tokens or more in the iterations ${this.from} to ${iteration}; take a smaller window`,
        { iteration, layer },
      );
    }
  }

  /**
   * Folds a step's table, shape [its ranks][its experts], into a running one, shape [ranks][experts], neither smaller.
   * @returns sum of the running table
   */
  private foldTable(running: Float64Array, table: Float64Array, tableExperts: number): number {
    const { method, experts } = this;
    const first = this.recorded === 0;
    const weight = method.kind === "ema" && !first ? method.alpha : 1;
    const keep = method.kind === "ema" ? 1 - weight : method.kind === "last" ? 0 : 1;
    let sum = 0;
    for (let start = 0, row = 0; start < running.length; start += experts, row += tableExperts) {
      const known = row < table.length ? tableExperts : 0;
      for (let e = 0; e < experts; e++) {
        const tokens = e < known ? table[row + e]! : 0;
        const value = keep * running[start + e]! + weight * tokens;
        running[start + e] = value;
        sum += value;
      }
    }
    return sum;
  }

  /** 1, or the window's iterations where rounding would lose the proportions of a layer. */
  private scale(): number {
    const { kind, keepProportions = false } = this.method;
    if (!keepProportions || (kind !== "mean" && kind !== "ema")) return 1;
    const iterations = kind === "mean" ? this.recorded : 1;
    const rounded = [...this.layers.values()].some(({ loads }) => {
      const total = loads.reduce((a, b) => a + b, 0);
      return total > 0 && total < this.experts * iterations && loads.some((load) => load % iterations !== 0);
    });
    return rounded ? this.recorded : 1;
  }

  private layerProfile({ layer, loads, byRank }: LayerTotals, scale: number): LayerProfile {
    const rounds = this.method.kind === "ema" || (this.method.kind === "mean" && scale === 1);
    const whole = rounds ? largestRemainder(loads, this.roundedTotal(loads, scale)) : Array.from(loads);
    if (this.ranks === 0) return { layer, loads: whole };
    const table = Array.from({ length: this.ranks }, () => new Array<number>(this.experts).fill(0));
    whole.forEach((load, e) => {
      const column = table.map((_, rank) => byRank[rank * this.experts + e]!);
      const shares = rounds ? largestRemainder(column, load) : column;
      shares.forEach((tokens, rank) => {
        table[rank]![e] = tokens;
      });
    });
    return { layer, loads: whole, byRank: table };
  }

  /** A layer's tokens per iteration, times the scale, rounded half up; exact for sums. */
  private roundedTotal(loads: Float64Array, scale: number): number {
    const total = loads.reduce((a, b) => a + b, 0);
    if (this.method.kind === "ema") return Math.round(total * scale);
    const remainder = total % this.recorded;
    return (total - remainder) / this.recorded + (2 * remainder >= this.recorded ? 1 : 0);
  }
}

function missingLayer(layer: number, iteration: number, presentIn: number): WindowError {
  return new WindowError(
    `layer ${layer} is missing from iteration ${iteration} but recorded in iteration ${presentIn}; ` +
      "every layer is needed in every iteration of a window: take another window or complete the log",
    { iteration, layer },
  );
}

/** A table of another width, shape [rows][experts]; what it did not hold before is 0. */
function resized(table: Float64Array, oldExperts: number, rows: number, experts: number): Float64Array {
  const larger = new Float64Array(rows * experts);
  for (let from = 0, to = 0; from < table.length; from += oldExperts, to += experts) {
    larger.set(table.subarray(from, from + oldExperts), to);
  }
  return larger;
}
