/** Loads as a picture: layers times experts, and how they change from window to window. */
import type { LoadProfileDocument } from "../formats/documents/loadProfile.ts";
import { numberAxis, wholeAxis } from "./pictures/axes.ts";
import { type Group, groupName, groups, sumOver } from "./pictures/groups.ts";
import { HEAT_SWATCHES, heatOf } from "./pictures/heat.ts";
import { heatPanel } from "./pictures/heatMap.ts";
import { linePlot } from "./pictures/linePlot.ts";
import type { Panel, Picture } from "./pictures/picture.ts";
import { KINDS } from "./pictures/theme.ts";
import { counted, grouped } from "./table.ts";

/** Most layers and experts that have a row or a column each. */
const ROWS = 64;
const COLUMNS = 256;
/** Columns of the sorted map, whose neighbours are alike. */
const SORTED = 32;
/** Most layers that have a line each. */
const LINES = 5;

type Layers = LoadProfileDocument["layers"];

/** What remains of the windows before the last: how far shares moved. Shape [windows - 1][layers]. */
export interface Moved {
  /** Last iteration of each window, and of the one before the first of them. */
  readonly at: readonly number[];
  readonly distances: readonly (readonly number[])[];
}

/** Draws the last of some windows. @param moved where there are several */
export function loadPicture({ experts, window, layers, forecast }: LoadProfileDocument, moved: Moved): Picture {
  const iterations = window.from === window.to ? `iteration ${window.from}` : `iterations ${window.from} to ${window.to}`;
  const of =
    forecast === undefined ? `${window.method} of ${iterations}` : `expected ${forecast.horizon} iterations after ${window.to}`;
  const parts = [`${counted(layers.length, "layer")} of ${counted(experts, "expert")}, ${of}`];
  if (layers.length > ROWS) parts.push(`${groups(layers.length, ROWS)[0]!.to + 1} layers a row`);
  if (experts > COLUMNS) parts.push(`${groups(experts, COLUMNS)[0]!.to + 1} experts a column`);
  if (moved.at.length > 1) parts.push(`the last of ${moved.at.length} windows`);
  return {
    title: `Load of experts: the hottest gets ${hottest(layers)}`,
    subtitle: `${parts.join("; ")}.`,
    panels: [byId(layers, experts), sorted(layers, experts), ...(moved.at.length > 1 ? [drift(layers, moved)] : [])],
  };
}

function hottest(layers: Layers): string {
  let [most, where] = [0, ""];
  for (const { layer, loads } of layers) {
    const total = loads.reduce((sum, load) => sum + load, 0);
    loads.forEach((load, expert) => {
      const times = (load * loads.length) / total;
      if (times > most) [most, where] = [times, `expert ${expert} of layer ${layer}`];
    });
  }
  return most === 0 ? "no tokens" : `${most.toFixed(1)} x the mean (${where})`;
}

function byId(layers: Layers, experts: number): Panel {
  const [rows, columns] = [groups(layers.length, ROWS), groups(experts, COLUMNS)];
  return heatPanel("Tokens by expert", "Colour: tokens over the mean of the layer.", {
    rows: rows.map((row) => numbers(layers, row)),
    columns: columns.map(groupName),
    rowTitle: "layer",
    columnTitle: "expert",
    cell: (r, c) => {
      const [row, column] = [rows[r]!, columns[c]!];
      const tokens = sumOver(row, (l) => sumOver(column, (expert) => layers[l]!.loads[expert]!));
      const times = timesMean(layers, row, column, tokens, experts);
      const name = `layer ${numbers(layers, row)}, expert ${groupName(column)}`;
      return { look: heatOf(times), tip: `${name}: ${grouped(tokens)} (${times.toFixed(2)} x)` };
    },
    swatches: HEAT_SWATCHES,
  });
}

/** Each layer in an order of its own: how long its head and tail are. */
function sorted(layers: Layers, experts: number): Panel {
  const [rows, columns] = [groups(layers.length, ROWS), groups(experts, SORTED)];
  const falling = layers.map(({ loads }) => Float64Array.from(loads).sort().reverse());
  const places = ({ from, to }: Group) => groupName({ from: from + 1, to: to + 1 });
  return heatPanel(
    "The same, the hottest experts of each layer first",
    `The longer the hot end, the more copies it takes.${columns[0]!.to > 0 ? ` Colour: mean of ${columns[0]!.to + 1} neighbours.` : ""}`,
    {
      rows: rows.map((row) => numbers(layers, row)),
      columns: columns.map(places),
      rowTitle: "layer",
      columnTitle: "place of the expert",
      cell: (r, c) => {
        const [row, column] = [rows[r]!, columns[c]!];
        const tokens = sumOver(row, (l) => sumOver(column, (place) => falling[l]![place]!));
        const times = timesMean(layers, row, column, tokens, experts);
        return { look: heatOf(times), tip: `layer ${numbers(layers, row)}, place ${places(column)}: ${times.toFixed(2)} x` };
      },
      swatches: HEAT_SWATCHES,
    },
  );
}

/** Tokens of some experts of some layers over what as many would get if all got the same; 1 without tokens. */
function timesMean(layers: Layers, row: Group, { from, to }: Group, tokens: number, experts: number): number {
  const total = sumOver(row, (l) => layers[l]!.loads.reduce((sum, load) => sum + load, 0));
  return total === 0 ? 1 : (tokens * experts) / total / (to - from + 1);
}

/** Numbers of the layers of a group. */
function numbers(layers: Layers, { from, to }: Group): string {
  return groupName({ from: layers[from]!.layer, to: layers[to]!.layer });
}

function drift(layers: Layers, { at, distances }: Moved): Panel {
  const mean = layers.map((_, l) => distances.reduce((sum, row) => sum + row[l]!, 0) / distances.length);
  const order = Array.from(layers.keys()).sort((a, b) => mean[b]! - mean[a]! || a - b);
  const shown = (layers.length > LINES ? order.slice(0, LINES) : order.toSorted((a, b) => a - b)) as number[];
  return {
    title: "How far the loads move from window to window",
    note: `L1 distance of the experts' shares to the window before, 0 to 2${layers.length > LINES ? `; the ${LINES} layers that move most, of ${layers.length}` : ""}.`,
    draw: (width) =>
      linePlot(
        {
          x: wholeAxis("last iteration of the window", at[1]!, at.at(-1)!, width < 500 ? 4 : 8),
          y: numberAxis("L1 distance", [0, ...shown.flatMap((l) => distances.map((row) => row[l]!))]),
          series: shown.map((l, i) => ({
            name: `layer ${layers[l]!.layer}`,
            colour: i % KINDS,
            points: distances.map((row, w) => ({
              x: at[w + 1]!,
              y: row[l]!,
              tip: `layer ${layers[l]!.layer}, to iteration ${at[w + 1]}: ${row[l]!.toFixed(3)}`,
            })),
          })),
        },
        width,
      ),
  };
}

/** L1 distance of a layer's shares between two windows, in [0, 2]; 0 where one of them has no tokens. */
export function sharesMoved(before: readonly number[], after: readonly number[]): number {
  const [was, is] = [before, after].map((loads) => loads.reduce((sum, load) => sum + load, 0)) as [number, number];
  if (was === 0 || is === 0) return 0;
  return after.reduce((sum, load, expert) => sum + Math.abs(load / is - (before[expert] ?? 0) / was), 0);
}
