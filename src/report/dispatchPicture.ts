/** A dispatch as a picture: who sends how many tokens to whom. */
import type { LayerDispatch } from "../core/dispatch/layerDispatch.ts";
import { balanceAxis, numberAxis, shareAxis, wholeAxis } from "./pictures/axes.ts";
import { groupName, groups, sumOver } from "./pictures/groups.ts";
import { heatPanel } from "./pictures/heatMap.ts";
import { linePlot } from "./pictures/linePlot.ts";
import type { Panel, Picture } from "./pictures/picture.ts";
import { stepScale } from "./pictures/steps.ts";
import { grouped, percent } from "./table.ts";

/** Most ranks that have a row and a column each. */
const SHOWN = 128;

/** What is added up of a dispatch while it is written. */
export class Traffic {
  readonly ranks: number;
  readonly policy: string;
  deadRanks = 0;
  /** Tokens of all layers from each rank to each, shape [ranks][ranks]. */
  readonly sent: Float64Array;
  readonly layers: { readonly layer: number; readonly maxOverMean: number; readonly remote: number }[] = [];

  constructor(ranks: number, policy: string) {
    this.ranks = ranks;
    this.policy = policy;
    this.sent = new Float64Array(ranks * ranks);
  }

  add(layer: number, { source, target, tokens }: LayerDispatch, deadRanks = 0): void {
    this.deadRanks = deadRanks;
    const load = new Float64Array(this.ranks);
    let [total, local] = [0, 0];
    for (let entry = 0; entry < tokens.length; entry++) {
      const [from, to, count] = [source[entry]!, target[entry]!, tokens[entry]!];
      this.sent[from * this.ranks + to]! += count;
      load[to]! += count;
      total += count;
      if (from === to) local += count;
    }
    const busiest = load.reduce((most, count) => Math.max(most, count), 0);
    this.layers.push({
      layer,
      maxOverMean: total === 0 ? 1 : (busiest * (this.ranks - this.deadRanks)) / total,
      remote: total === 0 ? 0 : 1 - local / total,
    });
  }
}

/** Draws what was added up. */
export function dispatchPicture({ ranks, policy, deadRanks, sent, layers }: Traffic): Picture | string {
  if (layers.length === 0) return "there is no layer";
  const total = sent.reduce((sum, count) => sum + count, 0);
  const local = sumOver({ from: 0, to: ranks - 1 }, (rank) => sent[rank * ranks + rank]!);
  const worst = layers.reduce((one, other) => (other.maxOverMean > one.maxOverMean ? other : one));
  const remote = total === 0 ? 0 : 1 - local / total;
  const together = groups(ranks, SHOWN)[0]!.to + 1;
  const parts = [
    `${layers.length} layer${layers.length === 1 ? "" : "s"}, ${ranks} ranks, ${grouped(total)} tokens, ${policy} shares`,
    ...(deadRanks > 0 ? [`${deadRanks} ranks are dead`] : []),
    ...(together > 1 ? [`${together} x ${together} ranks a field`] : []),
  ];
  return {
    title: `Dispatch: ${percent(remote)} of the tokens leave their rank; busiest rank at ${worst.maxOverMean.toFixed(2)} x the mean${layers.length > 1 ? ` (layer ${worst.layer})` : ""}`,
    subtitle: `${parts.join("; ")}.`,
    panels: [matrix(sent, ranks), received(sent, ranks), ...(layers.length > 1 ? byLayer(layers) : [])],
  };
}

function matrix(sent: Float64Array, ranks: number): Panel {
  const shown = groups(ranks, SHOWN);
  const tokens = shown.map((row) =>
    shown.map((column) => sumOver(row, (from) => sumOver(column, (to) => sent[from * ranks + to]!))),
  );
  const scale = stepScale(tokens.flat());
  return heatPanel("Tokens from rank to rank", "Sum of the layers; on the diagonal what stays where it is.", {
    rows: shown.map(groupName),
    columns: shown.map(groupName),
    rowTitle: "from rank",
    columnTitle: "to rank",
    cell: (r, c) => {
      const count = tokens[r]![c]!;
      if (count === 0) return undefined;
      return { look: scale.lookOf(count), tip: `${groupName(shown[r]!)} to ${groupName(shown[c]!)}: ${grouped(count)}` };
    },
    swatches: scale.swatches,
  });
}

function received(sent: Float64Array, ranks: number): Panel {
  const load = Array.from({ length: ranks }, (_, to) => sumOver({ from: 0, to: ranks - 1 }, (from) => sent[from * ranks + to]!));
  const outward = load.map((tokens, to) => tokens - sent[to * ranks + to]!);
  const points = (what: string, values: readonly number[]) =>
    values.map((y, x) => ({ x, y, tip: `rank ${x} ${what}: ${grouped(y)}` }));
  return {
    title: "Tokens that each rank computes",
    draw: (width) =>
      linePlot(
        {
          x: wholeAxis("rank", 0, Math.max(1, ranks - 1), width < 500 ? 5 : 10),
          y: numberAxis("tokens, sum of the layers", [0, ...load]),
          series: [
            { name: "computes", colour: 0, kind: "dots", points: points("computes", load) },
            { name: "of them from other ranks", colour: 1, kind: "rings", points: points("from others", outward) },
          ],
        },
        width,
      ),
  };
}

function byLayer(layers: Traffic["layers"]): Panel[] {
  const numbers = layers.map(({ layer }) => layer);
  const axis = (width: number) => wholeAxis("layer", Math.min(...numbers), Math.max(...numbers), width < 500 ? 5 : 12);
  return [
    {
      title: "Busiest rank of every layer",
      draw: (width) =>
        linePlot(
          {
            x: axis(width),
            y: balanceAxis(
              "load over the mean",
              layers.map(({ maxOverMean }) => maxOverMean),
            ),
            series: [
              {
                name: "busiest",
                colour: 0,
                points: layers.map(({ layer, maxOverMean }) => ({
                  x: layer,
                  y: maxOverMean,
                  tip: `layer ${layer}: ${maxOverMean.toFixed(3)}`,
                })),
              },
            ],
            height: 140,
          },
          width,
        ),
    },
    {
      title: "Tokens of every layer that leave their rank",
      draw: (width) =>
        linePlot(
          {
            x: axis(width),
            y: shareAxis("share of the tokens"),
            series: [
              {
                name: "remote",
                colour: 0,
                points: layers.map(({ layer, remote }) => ({ x: layer, y: remote, tip: `layer ${layer}: ${percent(remote)}` })),
              },
            ],
            height: 140,
          },
          width,
        ),
    },
  ];
}
