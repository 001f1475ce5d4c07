/** Which expert loads a training step has: recorded windows, replayed in order and over again. */

/** Loads that stay the same for a run of steps. */
export interface LoadWindow {
  /** Position in the schedule, to tell windows apart cheaply. */
  readonly index: number;
  /** Tokens routed to each expert, shape [layers][experts], whole numbers; only their ratios matter. */
  readonly loads: readonly (readonly number[])[];
}

/** Steps and the window they draw their loads from. */
export interface LoadSchedule {
  readonly windows: readonly LoadWindow[];
  /** Steps that a window lasts; Infinity when there is one window for ever. */
  readonly stepsPerWindow: number;
}

/**
 * A schedule of windows of equal length; after the last it starts over.
 * @param loads tokens of each expert, shape [windows][layers][experts]
 * @throws RangeError without a window, or when a layer has no tokens at all
 */
export function loadSchedule(loads: readonly (readonly (readonly number[])[])[], stepsPerWindow: number): LoadSchedule {
  if (loads.length === 0) throw new RangeError("a load schedule needs at least one window");
  if (!(stepsPerWindow >= 1)) throw new RangeError(`stepsPerWindow must be at least 1, got ${stepsPerWindow}`);
  const windows = loads.map((layers, index) => {
    layers.forEach((layer, l) => {
      if (!layer.some((tokens) => tokens > 0)) throw new RangeError(`layer ${l} of window ${index} has no tokens`);
    });
    return { index, loads: layers };
  });
  return { windows, stepsPerWindow: loads.length === 1 ? Number.POSITIVE_INFINITY : stepsPerWindow };
}

/** The window that a step draws its loads from. */
export function windowAt(schedule: LoadSchedule, step: number): LoadWindow {
  const { windows, stepsPerWindow } = schedule;
  return windows[Math.floor(step / stepsPerWindow) % windows.length]!;
}

/** The first step after `step` that belongs to another window. */
export function windowEnd(schedule: LoadSchedule, step: number): number {
  const { stepsPerWindow } = schedule;
  return (Math.floor(step / stepsPerWindow) + 1) * stepsPerWindow;
}

/**
 * Loads of the busiest experts of a layer, ascending. Position stands for rank, not for an expert: which experts are the
 * busiest changes from window to window, how skewed they are does not (Lazarus section 6.1).
 * @returns shape [kept]
 * @throws RangeError when the layer has fewer experts
 */
export function busiestExperts(loads: readonly number[], kept: number): number[] {
  if (loads.length < kept) throw new RangeError(`a layer has ${loads.length} experts; ${kept} are needed`);
  return [...loads].sort((a, b) => a - b).slice(loads.length - kept);
}

/**
 * Loads of the experts of each layer that are busiest over all windows, each in its place throughout.
 * @param windows shape [windows][layers][experts]
 * @returns shape [windows][layers][kept]
 */
export function busiestOverAll(windows: readonly (readonly (readonly number[])[])[], kept: number): number[][][] {
  const chosen = windows[0]!.map((first, l) => {
    const totals = first.map((_, e) => windows.reduce((sum, layers) => sum + layers[l]![e]!, 0));
    const order = Array.from(totals.keys()).sort((a, b) => totals[b]! - totals[a]! || a - b);
    return order.slice(0, kept).sort((a, b) => a - b);
  });
  return windows.map((layers) => layers.map((loads, l) => chosen[l]!.map((expert) => loads[expert]!)));
}
