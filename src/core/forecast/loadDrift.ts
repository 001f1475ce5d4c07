/** How fast the loads of a log change, and what that does to plans. */
import { evenRankBalance } from "../balance/rankBalance.ts";
import { eplbPlacement } from "../placement/eplb/eplbPlacement.ts";
import type { RoutingStep } from "../profile/routingStep.ts";
import { WindowError } from "../profile/windowError.ts";
import { rankCorrelation } from "./rankCorrelation.ts";

/** Windows that a log is cut into unless their length is given: at most so many, at least half of them once there are so many iterations. */
const MOST_WINDOWS = 128;
/** The same where it is given: all pairs of windows are looked at. */
const MOST_GIVEN_WINDOWS = 2048;
/** Slots of a rank of the cluster that plans are made for: two copies of every expert, two experts' worth a rank. */
const SLOTS_A_RANK = 4;

/** Drift of one layer. */
export interface LayerDrift {
  readonly layer: number;
  /** L1 distance of the experts' shares between a window and the next, in [0, 2]. */
  readonly distance: { readonly mean: number; readonly max: number };
  /** Each of these, in the order of time; shape [windows - 1]. */
  readonly distances: readonly number[];
  /** Spearman's rank correlation of the experts' loads in a window and the next, in [-1, 1]. */
  readonly rankCorrelation: { readonly mean: number; readonly min: number };
  /** Busiest rank over the mean, even shares: of a plan in the window it is made for, and of a plan half as old as the log is long. */
  readonly balance: { readonly fresh: number; readonly old: number };
  /**
   * Iterations after which half of what a fresh plan gains over an old one is lost, between windows interpolated; nothing where a
   * fresh one gains nothing.
   */
  readonly halfLife?: number | undefined;
}

/** Drift of a log. */
export interface Drift {
  readonly experts: number;
  /** First and last recorded iteration, and their number. */
  readonly from: number;
  readonly to: number;
  readonly iterations: number;
  /** Windows, recorded iterations in each (the last may have fewer), and iterations from one to the next. */
  readonly windows: number;
  readonly every: number;
  readonly spacing: number;
  /** The cluster that half-lives are for. */
  readonly ranks: number;
  readonly slotsARank: number;
  readonly layers: readonly LayerDrift[];
}

interface Window {
  readonly first: number;
  recorded: number;
  /** Sums of tokens, by layer; shape [experts]. */
  readonly loads: Map<number, Float64Array>;
}

/** Sees a log step by step; memory is that of the windows. */
export class LoadDrift {
  readonly #given: boolean;
  #every: number;
  #windows: Window[] = [];
  #experts = 0;
  #iterations = 0;
  #newest = 0;

  /**
   * @param every recorded iterations a window; without it, what cuts the log into 64 to 128 of them
   * @throws RangeError when it is not a positive whole number
   */
  constructor(every?: number) {
    if (every !== undefined && !(Number.isSafeInteger(every) && every > 0))
      throw new RangeError(`iterations per window must be a positive whole number, got ${every}`);
    this.#given = every !== undefined;
    this.#every = every ?? 1;
  }

  /** @throws WindowError when iterations do not rise, layers come or go, or there are too many windows */
  add({ iteration, experts, layers }: RoutingStep): void {
    if (this.#iterations > 0 && iteration <= this.#newest)
      throw new WindowError(`iteration ${iteration} comes after iteration ${this.#newest}; iterations must rise`, { iteration });
    this.#experts = Math.max(this.#experts, experts);
    this.#newest = iteration;
    this.#iterations++;
    let window = this.#windows.at(-1);
    if (window === undefined || window.recorded === this.#every) {
      this.#makeRoom();
      window = this.#windows.at(-1)!;
      if (window === undefined || window.recorded === this.#every) {
        window = { first: iteration, recorded: 0, loads: new Map() };
        this.#windows.push(window);
      }
    }
    const known = this.#windows[0]!.loads;
    const odd = known.size > 0 && (layers.length !== known.size || layers.some(({ layer }) => !known.has(layer)));
    if (odd) throw new WindowError(`iteration ${iteration} has other layers than those before it`, { iteration });
    window.recorded++;
    for (const { layer, loads } of layers) window.loads.set(layer, added(window.loads.get(layer), loads));
  }

  /** @throws WindowError with fewer than two windows */
  figures(): Drift {
    const [first, second] = this.#windows;
    if (first === undefined || second === undefined)
      throw new WindowError(
        `drift is between windows, and there ${first === undefined ? "is none" : `is one, of ${this.#iterations} iterations`}; take a smaller --every, or a longer log`,
      );
    const ranks = Math.ceil(this.#experts / 2);
    const last = this.#windows.at(-1)!;
    const spacing = (last.first - first.first) / (this.#windows.length - 1);
    return {
      experts: this.#experts,
      from: first.first,
      to: this.#newest,
      iterations: this.#iterations,
      windows: this.#windows.length,
      every: this.#every,
      spacing,
      ranks,
      slotsARank: SLOTS_A_RANK,
      layers: [...first.loads.keys()].map((layer) => {
        const loads = this.#windows.map((window) => this.#padded(window.loads.get(layer)!));
        return { layer, ...drift(loads), ...plansAge(loads, ranks, spacing) };
      }),
    };
  }

  #makeRoom(): void {
    if (this.#windows.length < (this.#given ? MOST_GIVEN_WINDOWS : MOST_WINDOWS)) return;
    if (this.#given)
      throw new WindowError(
        `there are more than ${MOST_GIVEN_WINDOWS} windows of ${this.#every} iterations; take a larger --every`,
      );
    this.#windows = this.#windows.flatMap((window, w) => (w % 2 === 0 ? [merged(window, this.#windows[w + 1]!)] : []));
    this.#every *= 2;
  }

  #padded(loads: Float64Array): number[] {
    return Array.from({ length: this.#experts }, (_, e) => loads[e] ?? 0);
  }
}

function merged(one: Window, next: Window): Window {
  const loads = new Map([...one.loads].map(([layer, sums]) => [layer, added(sums, next.loads.get(layer)!)]));
  return { first: one.first, recorded: one.recorded + next.recorded, loads };
}

function added(sums: Float64Array | undefined, loads: Float64Array): Float64Array {
  if (sums === undefined) return loads.slice();
  const longer = sums.length >= loads.length ? sums : loads;
  return longer.map((_, e) => (sums[e] ?? 0) + (loads[e] ?? 0));
}

/** @param loads shape [windows][experts] */
function drift(loads: readonly (readonly number[])[]): Pick<LayerDrift, "distance" | "distances" | "rankCorrelation"> {
  const distances = loads.slice(1).map((row, w) => distance(loads[w]!, row));
  const correlations = loads.slice(1).map((row, w) => rankCorrelation(loads[w]!, row));
  return {
    distance: { mean: mean(distances), max: Math.max(...distances) },
    distances,
    rankCorrelation: { mean: mean(correlations), min: Math.min(...correlations) },
  };
}

function distance(one: readonly number[], other: readonly number[]): number {
  const [sum, otherSum] = [one, other].map((row) => row.reduce((a, b) => a + b, 0) || 1);
  return one.reduce((total, load, e) => total + Math.abs(load / sum! - other[e]! / otherSum!), 0);
}

/** How plans made for each window do in the later ones; they are EPLB's, which is quick and needs nothing but loads. */
function plansAge(
  loads: readonly (readonly number[])[],
  ranks: number,
  spacing: number,
): Pick<LayerDrift, "balance" | "halfLife"> {
  const judge = (plan: readonly (readonly number[])[], w: number) => evenRankBalance(plan, loads[w]!, ranks);
  const plans = loads.map((row) => copiesOf(row, ranks));
  const lags = Math.floor(loads.length / 2);
  const curve = Array.from({ length: lags + 1 }, (_, lag) =>
    mean(plans.slice(0, plans.length - lag).map((plan, w) => judge(plan, w + lag))),
  );
  const fresh = curve[0]!;
  const old = curve.at(-1)!;
  if (fresh >= old) return { balance: { fresh, old } };
  const half = (fresh + old) / 2;
  const after = curve.findIndex((balance) => balance >= half);
  const before = curve[after - 1]!;
  return { balance: { fresh, old }, halfLife: (after - 1 + (half - before) / (curve[after]! - before)) * spacing };
}

/** Ranks of each expert's copies, shape [experts][copies]. */
function copiesOf(loads: readonly number[], ranks: number): number[][] {
  const shape = { slots: ranks * SLOTS_A_RANK, groups: 1, nodes: ranks, gpus: ranks };
  const copies: number[][] = loads.map(() => []);
  eplbPlacement([loads], shape).physicalToLogical[0]!.forEach((expert, slot) => {
    copies[expert]!.push(Math.floor(slot / SLOTS_A_RANK));
  });
  return copies;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
