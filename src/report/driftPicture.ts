/** How fast loads change, as a picture. */

import type { LoadDriftDocument } from "../formats/documents/loadDrift.ts";
import { balanceAxis, numberAxis, wholeAxis } from "./pictures/axes.ts";
import { linePlot, type Series } from "./pictures/linePlot.ts";
import type { Panel, Picture } from "./pictures/picture.ts";
import { short } from "./pictures/scales.ts";
import { counted } from "./table.ts";

const BALANCE = "busiest GPU over the mean";

type Layer = LoadDriftDocument["layers"][number];

/** A point a layer: distances, balance, half-lives. */
export function driftPicture({ experts, window, windows, every, spacing, plans, layers }: LoadDriftDocument): Picture {
  const fastest = layers.reduce((one, other) => (other.distance.mean > one.distance.mean ? other : one));
  const age = short(Math.floor(windows / 2) * spacing);
  const lasting = layers.flatMap(({ layer, halfLife }) => (halfLife === undefined ? [] : [{ layer, halfLife }]));
  const panel = (
    title: string,
    note: string,
    unit: string,
    series: readonly (readonly [string, (layer: Layer) => number | undefined])[],
  ): Panel => ({
    title,
    note,
    draw: (width) => {
      const drawn: Series[] = series.map(([name, figure], colour) => ({
        name,
        colour,
        points: layers.flatMap((each) => {
          const y = figure(each);
          return y === undefined ? [] : [{ x: each.layer, y, tip: `layer ${each.layer}, ${name}: ${short(y)}` }];
        }),
      }));
      const values = drawn.flatMap(({ points }) => points.map(({ y }) => y));
      const numbers = layers.map(({ layer }) => layer);
      return linePlot(
        {
          x: wholeAxis("layer", Math.min(...numbers), Math.max(...numbers), width < 500 ? 5 : 12),
          y: unit === BALANCE ? balanceAxis(unit, values) : numberAxis(unit, [0, ...values]),
          series: drawn,
        },
        width,
      );
    },
  });
  return {
    title: `Drift of loads: layer ${fastest.layer} moves fastest`,
    subtitle: `${counted(layers.length, "layer")} of ${counted(experts, "expert")}, iterations ${window.from} to ${window.to}; ${windows} windows of ${every} recorded, ${spacing === 1 ? "one after the other" : `${short(spacing)} iterations apart`}.`,
    panels: [
      panel("How far shares move from a window to the next", "L1 distance of the experts' shares, 0 to 2.", "L1 distance", [
        ["mean", ({ distance }) => distance.mean],
        ["greatest", ({ distance }) => distance.max],
      ]),
      panel(
        "What that does to a plan",
        `EPLB's plans for ${plans.ranks} GPUs of ${plans.slotsARank} slots, even shares: in the window they are made for, and ${age} iterations on.`,
        BALANCE,
        [
          ["fresh", ({ balance }) => balance.fresh],
          [`${age} iterations old`, ({ balance }) => balance.old],
        ],
      ),
      ...(lasting.length === 0
        ? []
        : [
            panel(
              "Half-life of a plan",
              "Iterations until a plan has lost half of what it gains over the old one.",
              "iterations",
              [["half-life", ({ halfLife }) => halfLife]],
            ),
          ]),
    ],
  };
}
