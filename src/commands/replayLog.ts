/** A routing log replayed on plans, iteration by iteration. */
import type { Dispatcher } from "../core/comparison/layerImbalance.ts";
import { type Ages, Replay } from "../core/comparison/replay.ts";
import type { Placement } from "../core/layout/placement.ts";
import type { Shares } from "../core/placement/policy.ts";
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import { LoadProfiler, type WindowSelection } from "../core/profile/loadProfiler.ts";
import type { RoutingStep } from "../core/profile/routingStep.ts";
import { WindowError } from "../core/profile/windowError.ts";
import { InputError, UsageError } from "../errors.ts";
import { openRoutingInput, type RoutingInputOptions, routingInputOptions } from "./routingInput.ts";
import { warn } from "./warn.ts";

/** What a window of a log says about plans. */
export interface Replayed {
  /** Sum of the window. */
  readonly profile: LoadProfile;
  readonly iterations: number;
  readonly ages: readonly Ages[];
}

/**
 * Replays the window of a log on plans with the same layers.
 * @throws InputError when it does not fit them
 */
export async function replayLog(
  file: string,
  settings: Omit<RoutingInputOptions, "byRank">,
  window: WindowSelection,
  plans: readonly Placement[],
  shares: Shares,
  dispatchers: readonly Dispatcher[],
): Promise<Replayed> {
  const found = await openRoutingInput(file, { ...settings, byRank: false, ordered: window.kind !== "all" });
  if (!("steps" in found)) {
    throw new UsageError(`--routing ${file} is a load-profile, which has no iterations to replay; give it with --profile`);
  }
  const profiler = new LoadProfiler({ window, method: { kind: "sum" } });
  const replay = new Replay(plans, shares, dispatchers);
  const newest: RoutingStep[] = [];
  const fits = stepCheck(plans[0]!, found.name);
  try {
    for await (const step of found.steps) {
      fits(step);
      profiler.add(step);
      if (window.kind === "last") {
        newest.push({ ...step, layers: step.layers.map(({ layer, loads }) => ({ layer, loads: loads.slice() })) });
        if (newest.length > window.iterations) newest.shift();
      } else if (window.kind === "all" || (step.iteration >= window.from && step.iteration <= window.to)) replay.add(step);
    }
    const [profile] = profiler.finish();
    for (const step of newest) replay.add(step);
    const { experts } = profile!;
    const expected = plans[0]!.layers[0]!.loads.length;
    if (experts < expected)
      throw new InputError(`there are ${experts} experts; expected the ${expected} of the plans (or --experts ${expected})`, {
        file: found.name,
      });
    return { profile: profile!, iterations: replay.iterations, ages: replay.ages() };
  } catch (error) {
    throw error instanceof WindowError ? new InputError(error.message, { file: found.name }) : error;
  }
}

/** Checks that a step has what the plans have, and says once what the plans lack. */
function stepCheck({ layers }: Placement, file: string): (step: RoutingStep) => void {
  const wanted = layers.map(({ layer }) => layer);
  const expected = layers[0]!.loads.length;
  let said = false;
  return ({ iteration, experts, layers: recorded }) => {
    if (experts > expected)
      throw new InputError(`iteration ${iteration} has ${experts} experts; expected the ${expected} of the plans`, { file });
    const missing = wanted.find((layer) => !recorded.some((other) => other.layer === layer));
    if (missing !== undefined)
      throw new InputError(`there is no layer ${missing} in iteration ${iteration}; expected every layer of the plans`, { file });
    const strange = recorded.filter(({ layer, loads }) => !wanted.includes(layer) && loads.some((load) => load > 0));
    if (said || strange.length === 0) return;
    said = true;
    warn(
      `${file}: ${strange.length} layer${strange.length === 1 ? "" : "s"} of the log, the first layer ${strange[0]!.layer}, in no plan and left out`,
    );
  };
}

/** @throws UsageError when options say how to read or replay a log that is not given */
export function refuseWithoutLog(options: Readonly<Record<string, unknown>>): void {
  if (options["routing"] !== undefined) return;
  const idle = [...Object.keys(routingInputOptions), "window", "dispatch"].find((name) => options[name] !== undefined);
  if (idle !== undefined)
    throw new UsageError(`--${idle} says how to ${idle === "dispatch" ? "replay" : "read"} --routing LOG, which is not given`);
}
