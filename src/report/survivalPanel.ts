/** How likely every expert survives so many failures, as curves. */
import { shareAxis, wholeAxis } from "./pictures/axes.ts";
import { linePlot, type Series } from "./pictures/linePlot.ts";
import type { Panel } from "./pictures/picture.ts";
import { percent } from "./table.ts";

/** A curve. */
export interface Survival {
  readonly name: string;
  readonly failures: readonly {
    readonly failed: number;
    readonly probability: number;
    readonly upperBound?: number | undefined;
    readonly interval?: readonly [number, number] | undefined;
  }[];
  /** What the bound is called, where there is one. */
  readonly bound?: string;
}

/** Beyond, a curve is on the axis. */
const LEAST = 5e-4;

/** @param failing what fails, as `nodes `; empty where the legend says */
export function survivalPanel(title: string, note: string, failing: string, curves: readonly Survival[]): Panel {
  const last = Math.max(
    ...curves.map(({ failures }) =>
      failures.reduce(
        (most, { failed, probability, upperBound = 0 }) =>
          Math.max(probability, upperBound) >= LEAST ? Math.max(most, failed) : most,
        0,
      ),
    ),
  );
  const shown = (failures: Survival["failures"]) => failures.filter(({ failed }) => failed <= last + 1);
  const series: Series[] = curves.flatMap(({ name, failures, bound }, colour): Series[] => [
    ...(bound === undefined
      ? []
      : [
          {
            name: bound,
            colour: 6,
            kind: "dashed" as const,
            points: shown(failures).flatMap(({ failed, upperBound }) =>
              upperBound === undefined
                ? []
                : [{ x: failed, y: upperBound, tip: `${bound}, ${failed} failed: ${percent(upperBound, 2)}` }],
            ),
          },
        ]),
    {
      name,
      colour: colour % 6,
      points: shown(failures).map(({ failed, probability, interval }) => ({
        x: failed,
        y: probability,
        tip: `${name}, ${failed} failed: ${percent(probability, 2)}${interval === undefined ? "" : ` (${percent(interval[0], 2)} to ${percent(interval[1], 2)})`}`,
      })),
    },
  ]);
  const all = series.flatMap(({ points }) => points.map(({ x }) => x));
  return {
    title,
    note,
    draw: (width) =>
      linePlot(
        {
          x: wholeAxis(
            `${failing}failed at once`,
            Math.min(...all),
            Math.max(...all, Math.min(...all) + 1),
            width < 500 ? 6 : 12,
          ),
          y: shareAxis("probability that every expert survives"),
          series,
        },
        width,
      ),
  };
}
