/** Routing steps in, load profiles out: which iterations make a window. */
import { checkChoice } from "../algorithms/checkChoice.ts";
import type { LoadProfile } from "./loadProfile.ts";
import type { RoutingStep } from "./routingStep.ts";
import { WindowError } from "./windowError.ts";
import { WindowLoads, type WindowMethod } from "./windowLoads.ts";

/** Iterations to profile: all, those numbered `from` to `to` (inclusive), or the last `iterations` recorded ones. */
export type WindowSelection =
  | { readonly kind: "all" }
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "last"; readonly iterations: number };

/** What to profile and how. */
export interface LoadProfilerOptions {
  readonly window: WindowSelection;
  /** Recorded iterations per profile; the last profile may stand for fewer. One profile of all of them when absent. */
  readonly every?: number | undefined;
  readonly method: WindowMethod;
}

const WINDOWS: readonly WindowSelection["kind"][] = ["all", "range", "last"];

/**
 * Turns a stream of steps into load profiles. Memory is that of one step, or of K steps when the last K are asked for.
 * A step may be overwritten after `add` returns.
 */
export class LoadProfiler {
  private readonly options: LoadProfilerOptions;
  private window: WindowLoads;
  /** The newest steps with `last`, oldest first from `oldest` on, round the end. */
  private readonly newest: RoutingStep[] = [];
  private oldest = 0;
  private seen: { readonly first: number; last: number } | undefined;
  private profiled = false;

  /** @throws RangeError on a window, `every` or alpha out of range */
  constructor(options: LoadProfilerOptions) {
    const { window, every, method } = options;
    checkChoice("window", window.kind ?? null, WINDOWS);
    if (window.kind === "last") requirePositive("last iterations", window.iterations);
    if (window.kind === "range" && !(window.from <= window.to)) {
      throw new RangeError(`window must not end before it starts, got ${window.from} to ${window.to}`);
    }
    if (every !== undefined) requirePositive("iterations per window", every);
    this.options = options;
    this.window = new WindowLoads(method);
  }

  /**
   * Takes the next recorded iteration; returns a profile when that completes one.
   * @throws WindowError when iterations do not rise, or its layers or sums do not fit the window
   */
  add(step: RoutingStep): LoadProfile | undefined {
    const { iteration } = step;
    if (this.seen === undefined) this.seen = { first: iteration, last: iteration };
    else if (iteration <= this.seen.last) {
      throw new WindowError(`iteration ${iteration} comes after iteration ${this.seen.last}; iterations must rise`, {
        iteration,
      });
    }
    this.seen.last = iteration;
    const { window } = this.options;
    if (window.kind === "range" && (iteration < window.from || iteration > window.to)) return undefined;
    if (window.kind !== "last") return this.profile(step);
    if (this.newest.length < window.iterations) this.newest.push(copy(step));
    else {
      this.newest[this.oldest] = copy(step);
      this.oldest = (this.oldest + 1) % window.iterations;
    }
    return undefined;
  }

  /**
   * The profiles that only the end of the log completes.
   * @throws WindowError when the window held no recorded iteration at all, and as `add` does
   */
  finish(): LoadProfile[] {
    const profiles: LoadProfile[] = [];
    for (let i = 0; i < this.newest.length; i++) {
      const profile = this.profile(this.newest[(this.oldest + i) % this.newest.length]!);
      if (profile !== undefined) profiles.push(profile);
    }
    if (this.window.iterations > 0) profiles.push(this.complete());
    if (!this.profiled) throw this.emptyWindow();
    return profiles;
  }

  private profile(step: RoutingStep): LoadProfile | undefined {
    this.window.add(step);
    return this.window.iterations === this.options.every ? this.complete() : undefined;
  }

  private complete(): LoadProfile {
    const profile = this.window.profile();
    const cut = this.options.every !== undefined;
    this.window = new WindowLoads(this.options.method);
    this.profiled = true;
    return cut ? { ...profile, window: { ...profile.window, ofSeveral: true } } : profile;
  }

  private emptyWindow(): WindowError {
    const { window } = this.options;
    if (this.seen === undefined || window.kind !== "range") return new WindowError("the log holds no iterations");
    const { first, last } = this.seen;
    return new WindowError(
      `no recorded iteration from ${window.from} to ${window.to}; the log holds iterations ${first} to ${last}: take a window there`,
    );
  }
}

function requirePositive(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${what} must be a positive whole number, got ${count}`);
}

function copy(step: RoutingStep): RoutingStep {
  return {
    ...step,
    layers: step.layers.map(({ layer, loads, byRank }) => ({
      layer,
      loads: loads.slice(),
      ...(byRank && { byRank: byRank.slice() }),
    })),
  };
}
