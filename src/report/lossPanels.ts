/** What one, two, three failed nodes take with them, as panels. */
import { allHostSets, type Placement } from "../core/layout/placement.ts";
import { lossesBySet, MOST_TRIPLED } from "../core/recovery/lossesBySet.ts";
import { namedAxis, numberAxis } from "./pictures/axes.ts";
import { groups } from "./pictures/groups.ts";
import { heatPanel } from "./pictures/heatMap.ts";
import { type LinePlot, linePlot } from "./pictures/linePlot.ts";
import { type Panel, sentence } from "./pictures/picture.ts";
import { stepScale } from "./pictures/steps.ts";
import { grouped, percent } from "./table.ts";

/** Most nodes that have a row and a column each; beyond, neighbours show the worst among them. */
const SHOWN = 64;

/** A panel each for one, two and three failures; in words where nothing is lost. */
export function lossPanels(placement: Placement): Panel[] {
  const { cluster, layers } = placement;
  const nodes = cluster.length;
  const experts = layers.reduce((sum, { loads }) => sum + loads.length, 0);
  const { one, two, three, fatal } = lossesBySet(allHostSets(placement).flat(), nodes);
  const [ones, pairs, triples] = fatal as [number, number, number | undefined];
  const names = cluster.map(({ name }) => name);
  const of = (count: number, all: number) => `${grouped(count)} of ${grouped(all)}, ${percent(count / all, 2)}`;
  const panels = [
    ones === 0
      ? sentence("One failed node", "No single node takes an expert with it.")
      : singles(`One failed node: ${of(ones, nodes)}, lose experts`, names, one),
  ];
  if (nodes < 2) return panels;
  const allPairs = (nodes * (nodes - 1)) / 2;
  panels.push(
    pairs === 0
      ? sentence("Two failed nodes", "No two nodes take an expert with them.")
      : matrix(
          `Two failed nodes: ${of(pairs, allPairs)}, lose experts`,
          `Experts of all layers lost with both nodes, of ${grouped(experts)}; on the diagonal with one alone.`,
          names,
          two,
        ),
  );
  if (nodes < 3) return panels;
  if (three === undefined || triples === undefined)
    return [...panels, sentence("Three failed nodes", `Left out beyond ${MOST_TRIPLED} nodes.`)];
  const allTriples = (allPairs * (nodes - 2)) / 3;
  panels.push(
    triples === 0
      ? sentence("Three failed nodes", "No three nodes take an expert with them.")
      : matrix(
          `Three failed nodes: ${of(triples, allTriples)}, lose experts`,
          `Experts of all layers lost with both nodes and the worst third, of ${grouped(experts)}.`,
          names,
          three,
        ),
  );
  return panels;
}

function singles(title: string, names: readonly string[], lost: Int32Array): Panel {
  const plot = (): LinePlot => ({
    x: namedAxis("node", names),
    y: numberAxis("experts lost with the node alone", [0, ...lost]),
    series: [
      {
        name: "lost",
        colour: 1,
        kind: "dots",
        points: names.map((name, x) => ({ x, y: lost[x]!, tip: `${name}: ${grouped(lost[x]!)} experts` })),
      },
    ],
    height: 120,
  });
  return { title, draw: (width) => linePlot(plot(), width) };
}

function matrix(title: string, note: string, names: readonly string[], lost: Int32Array): Panel {
  const nodes = names.length;
  const shown = groups(nodes, SHOWN);
  const worst = shown.map((row) =>
    shown.map((column) => {
      let [most, where] = [0, [row.from, column.from] as [number, number]];
      for (let a = row.from; a <= row.to; a++) {
        for (let b = column.from; b <= column.to; b++) {
          if (lost[a * nodes + b]! > most) [most, where] = [lost[a * nodes + b]!, [a, b]];
        }
      }
      return { most, where };
    }),
  );
  const scale = stepScale(
    worst.flatMap((row) => row.map(({ most }) => most)),
    grouped,
  );
  const several = shown[0]!.to > 0 ? ` Fields show the worst of ${shown[0]!.to + 1} x ${shown[0]!.to + 1} nodes.` : "";
  const named = shown.map(({ from, to }) => (from === to ? names[from]! : `${names[from]} …`));
  return heatPanel(title, `${note}${several}`, {
    rows: named,
    columns: named,
    rowTitle: "node",
    columnTitle: "node",
    cell: (r, c) => {
      const { most, where } = worst[r]![c]!;
      const pair = where[0] === where[1] ? names[where[0]] : `${names[where[0]]} and ${names[where[1]]}`;
      if (most === 0) return undefined;
      return { look: scale.lookOf(most), tip: `${pair}: ${grouped(most)} lost` };
    },
    swatches: [...scale.swatches, { name: "none", look: "bg frame" }],
  });
}
