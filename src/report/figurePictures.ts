/** Pictures of figures that are reproduced from papers. */
import { namedAxis, numberAxis, shareAxis } from "./pictures/axes.ts";
import { type BarGroup, barPlot } from "./pictures/barPlot.ts";
import { linePlot } from "./pictures/linePlot.ts";
import type { Picture } from "./pictures/picture.ts";
import { KINDS } from "./pictures/theme.ts";
import { survivalPanel } from "./survivalPanel.ts";
import { fixed, percent } from "./table.ts";

/** Shares of time by activity, a bar for each system of each model. */
export function breakdownPicture(
  title: string,
  shares: readonly { model: string; system: string; activity: string; share: number }[],
): Picture {
  const activities = distinct(shares.map(({ activity }) => activity));
  return {
    title,
    subtitle: "Shares of the time.",
    panels: distinct(shares.map(({ model }) => model)).map((model) => {
      const own = shares.filter((share) => share.model === model);
      const bars = distinct(own.map(({ system }) => system)).map((system) => ({
        name: system,
        parts: own
          .filter((share) => share.system === system)
          .map(({ activity, share }) => ({
            value: share,
            look: `c${activities.indexOf(activity) % KINDS}`,
            tip: `${system}, ${activity}: ${percent(share)}`,
          })),
      }));
      return {
        title: model,
        swatches: activities.map((name, i) => ({ name, look: `c${i % KINDS}` })),
        draw: (width: number) => barPlot(shareAxis("share of the time"), [{ name: "", bars }], width),
      };
    }),
  };
}

/** Probability that all experts survive against the number of failed nodes, a panel for each setting. */
export function recoveryPicture(
  title: string,
  points: readonly { panel: string; placement: string; failed: number; probability: number }[],
): Picture {
  return {
    title,
    subtitle: "Probability that every expert survives.",
    panels: distinct(points.map(({ panel }) => panel)).map((panel) => {
      const own = points.filter((point) => point.panel === panel);
      const curves = distinct(own.map(({ placement }) => placement)).map((name) => ({
        name,
        failures: own.filter(({ placement }) => placement === name),
      }));
      return survivalPanel(panel, "", "nodes ", curves);
    }),
  };
}

/** Throughput against the skew of the loads. */
export function imbalancePicture(
  title: string,
  points: readonly { ratio: number; system: string; samplesPerSecond: number }[],
): Picture {
  const ratios = [...new Set(points.map(({ ratio }) => ratio))].sort((a, b) => a - b);
  const systems = distinct(points.map(({ system }) => system));
  return {
    title,
    subtitle: "By the load of the hottest expert over its even share.",
    panels: [
      {
        title: "Samples a second",
        draw: (width) =>
          linePlot(
            {
              x: namedAxis("load of the hottest expert over its even share", ratios.map(String)),
              y: numberAxis("samples a second", [0, ...points.map(({ samplesPerSecond }) => samplesPerSecond)]),
              series: systems.map((name, colour) => ({
                name,
                colour: colour % KINDS,
                points: points
                  .filter(({ system }) => system === name)
                  .map(({ ratio, samplesPerSecond }) => ({
                    x: ratios.indexOf(ratio),
                    y: samplesPerSecond,
                    tip: `${name}, ratio ${ratio}: ${fixed(samplesPerSecond, 2)}`,
                  })),
              })),
            },
            width,
          ),
      },
    ],
  };
}

/** A bar of a picture with its 95 % interval. */
export interface IntervalBar {
  readonly panel: string;
  readonly setting: string;
  readonly system: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Bars of several systems in several settings, with 95 % intervals. */
export function intervalPicture(title: string, measure: string, bars: readonly IntervalBar[]): Picture {
  const systems = distinct(bars.map(({ system }) => system));
  return {
    title,
    subtitle: "Means with 95 % intervals.",
    panels: distinct(bars.map(({ panel }) => panel)).map((panel) => {
      const own = bars.filter((bar) => bar.panel === panel);
      const groups = distinct(own.map(({ setting }) => setting)).map(
        (setting): BarGroup => ({
          name: setting,
          bars: own
            .filter((bar) => bar.setting === setting)
            .map(({ system, mean, low, high }) => ({
              name: system,
              parts: [
                { value: mean, look: `c${systems.indexOf(system) % KINDS}`, tip: `${setting}, ${system}: ${fixed(mean, 2)}` },
              ],
              text: fixed(mean, 2),
              interval: [low, high],
            })),
        }),
      );
      const axis = numberAxis(measure, [0, ...own.map(({ high }) => high)]);
      return { title: panel, draw: (width: number) => barPlot(axis, groups, width) };
    }),
  };
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}
