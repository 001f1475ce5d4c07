/** Means of simulations in several settings as a picture. */

import { parameterText, shared } from "./parameterText.ts";
import { numberAxis } from "./pictures/axes.ts";
import { type BarGroup, barPlot } from "./pictures/barPlot.ts";
import type { Picture } from "./pictures/picture.ts";
import { KINDS } from "./pictures/theme.ts";
import type { SimulationGroup } from "./simulationTable.ts";
import { fixed } from "./table.ts";

type Value = string | number | undefined;

/** Bars for every system of every setting; settings stand in the order of their numbers. */
export function sweepPicture(groups: readonly SimulationGroup[]): Picture {
  const names = [...new Set(groups.flatMap(({ parameters }) => Object.keys(parameters)))];
  const differing = names.filter((name) => new Set(groups.map(({ parameters }) => String(parameters[name]))).size > 1);
  const ordered = groups.toSorted((a, b) => {
    for (const name of differing) {
      const order = compared(a.parameters[name], b.parameters[name]);
      if (order !== 0) return order;
    }
    return 0;
  });
  const systems = [...new Set(ordered.flatMap((group) => group.systems.map(({ system }) => system)))];
  const bars = ordered.map(({ parameters, systems: own }): BarGroup => {
    const setting = differing.map((name) => `${name} ${parameterText(name, parameters[name])}`).join(", ");
    return {
      name: setting,
      bars: own.map(({ system, samplesPerSecond: { mean, interval } }) => ({
        name: system,
        parts: [
          {
            value: mean,
            look: `c${systems.indexOf(system) % KINDS}`,
            tip: `${setting === "" ? "" : `${setting}, `}${system}: ${fixed(mean, 2)} samples a second`,
          },
        ],
        text: fixed(mean, 2),
        ...(interval && { interval: [Math.max(0, interval[0]), interval[1]] as const }),
      })),
    };
  });
  const wins = systems.map((system) => ordered.filter((group) => bestOf(group) === system).length);
  const best = wins.indexOf(Math.max(...wins));
  const trials = ordered.map((group) => group.trials.length);
  const [fewest, most] = [Math.min(...trials), Math.max(...trials)];
  const common = names
    .filter((name) => !differing.includes(name))
    .map((name) => `${name} ${parameterText(name, groups[0]!.parameters[name])}`);
  const where =
    ordered.length === 1
      ? ""
      : wins[best] === ordered.length
        ? ` in all ${ordered.length} settings`
        : ` in ${wins[best]} of ${ordered.length} settings`;
  const highs = bars.flatMap((group) => group.bars.map(({ parts, interval }) => interval?.[1] ?? parts[0]!.value));
  return {
    title: `${systems[best]} trains fastest${where}`,
    subtitle: `Mean samples a second of ${fewest === most ? fewest : `${fewest} to ${most}`} trial${most === 1 ? "" : "s, with 95 % intervals"}; ${common.join(", ")}.`,
    panels: [
      {
        title: differing.length === 0 ? "Throughput" : `Throughput by ${differing.join(" and ")}`,
        draw: (width) => barPlot(numberAxis("samples a second", [0, ...highs]), bars, width),
      },
    ],
  };
}

function bestOf({ systems }: SimulationGroup): string {
  return systems.reduce((one, other) => (other.samplesPerSecond.mean > one.samplesPerSecond.mean ? other : one)).system;
}

/** Numbers in their order, before words. */
function compared(one: Value, other: Value): number {
  const [a, b] = [one, other].map((value) => Number.parseFloat(String(shared(value)))) as [number, number];
  if (Number.isNaN(a) || Number.isNaN(b))
    return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || (String(one) < String(other) ? -1 : Number(one !== other));
  return a - b;
}
