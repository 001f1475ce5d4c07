/** A placement as a picture: how even it is, what stands where, what it survives. */
import { totalGpus, withLiveGpus } from "../core/layout/cluster.ts";
import { FREE_SLOT, type LayerPlacement, type Placement } from "../core/layout/placement.ts";
import { FAILURE_UNITS, unitName } from "../core/placement/policy.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { lossPanels } from "./lossPanels.ts";
import { groupName, groups } from "./pictures/groups.ts";
import { heatPanel } from "./pictures/heatMap.ts";
import type { Panel, Picture } from "./pictures/picture.ts";
import { loadsOverMean, rankLoadPanels } from "./rankLoadPanels.ts";
import { type Survival, survivalPanel } from "./survivalPanel.ts";
import { percent } from "./table.ts";

/** Most nodes and experts that have a row or a column each. */
const ROWS = 128;
const COLUMNS = 256;
/** Copies from which on they look alike. */
const MANY = 5;

/** Draws a placement with what is known about it. */
export function placementPicture(document: PlacementDocument): Picture {
  const placement = placementOf(document);
  const shares = document.policy.shares ?? "even";
  const { cluster, layers } = placement;
  const number = document.balance?.worst?.[shares === "free" ? "optimal" : "even"];
  const worst = layers.find(({ layer }) => layer === number) ?? layers[0]!;
  const busiest = Math.max(...loadsOverMean(placement, worst, shares));
  const { recovery } = document;
  const survives =
    recovery === undefined
      ? ""
      : `; ${recovery.tolerates === 0 ? "one failed node may lose an expert" : recovery.tolerates === 1 ? "survives any one failed node" : `survives any ${recovery.tolerates} failed nodes`}`;
  const loads = document.window === undefined ? "" : `, loads of iterations ${document.window.from} to ${document.window.to}`;
  return {
    title: `Placement: busiest rank at ${busiest.toFixed(2)} x the mean${survives}`,
    subtitle: `${layers.length} layer${layers.length === 1 ? "" : "s"} of ${worst.loads.length} experts on ${cluster.length} nodes, ${totalGpus(withLiveGpus(cluster))} ranks; ${document.policy.placement}, ${shares} shares${loads}.`,
    panels: [
      ...rankLoadPanels(placement, worst, shares),
      copyMap(placement, worst),
      ...(recovery === undefined ? [] : [survival(recovery, cluster.length)]),
      ...lossPanels(placement),
    ],
  };
}

function copyMap({ cluster, layers, spilled = [] }: Placement, layer: LayerPlacement): Panel {
  const experts = layer.loads.length;
  const [rows, columns] = [groups(cluster.length, ROWS), groups(experts, COLUMNS)];
  const copies = layer.nodes.map((slots) => {
    const own = new Int32Array(experts);
    for (const expert of slots) if (expert !== FREE_SLOT) own[expert]!++;
    return own;
  });
  const away = spilled.filter((each) => each.layer === layer.layer).length;
  const notes = [
    `Layer ${layer.layer}${layers.length > 1 ? `, the least even of ${layers.length}` : ""}.`,
    ...(rows[0]!.to > 0 ? [`${rows[0]!.to + 1} nodes a row.`] : []),
    ...(columns[0]!.to > 0 ? [`${columns[0]!.to + 1} experts a column.`] : []),
    ...(away > 0 ? [`${away} experts wait in host memory.`] : []),
  ];
  return heatPanel("Which node holds how many copies of which expert", notes.join(" "), {
    rows: rows.map(({ from, to }) => (from === to ? cluster[from]!.name : `${cluster[from]!.name} …`)),
    columns: columns.map(groupName),
    rowTitle: "node",
    columnTitle: "expert",
    cell: (r, c) => {
      const [row, column] = [rows[r]!, columns[c]!];
      let count = 0;
      for (let node = row.from; node <= row.to; node++) {
        for (let expert = column.from; expert <= column.to; expert++) count += copies[node]![expert]!;
      }
      if (count === 0) return undefined;
      const name = row.from === row.to ? cluster[row.from]!.name : `${cluster[row.from]!.name} to ${cluster[row.to]!.name}`;
      return {
        look: `s${Math.min(MANY, count) + 1}`,
        tip: `${name}, expert ${groupName(column)}: ${count} cop${count === 1 ? "y" : "ies"}`,
      };
    },
    swatches: Array.from({ length: MANY }, (_, i) => ({
      name: i === 0 ? "1 copy" : i + 1 === MANY ? `${MANY} and more` : String(i + 1),
      look: `s${i + 2}`,
    })),
  });
}

function survival(recovery: NonNullable<PlacementDocument["recovery"]>, nodes: number): Panel {
  const levels = FAILURE_UNITS.flatMap((unit): Survival[] => {
    const level = unit === "node" ? undefined : recovery.byUnit?.[unit];
    return level === undefined ? [] : [{ name: `${level.count} ${unitName(unit)}s`, failures: level.failures }];
  });
  const hasBound = recovery.failures.some(({ upperBound }) => upperBound !== undefined);
  const bound = recovery.bound === "slots" ? "bound for any placement on these slots" : "bound for these replica counts";
  const curves: Survival[] = [
    { name: levels.length === 0 ? "this placement" : `${nodes} nodes`, failures: recovery.failures, ...(hasBound && { bound }) },
    ...levels,
  ];
  const { survival: overall, failureProbability: each } = recovery;
  const note =
    overall === undefined || each === undefined ? "" : `${percent(overall, 2)} when each node fails with ${percent(each)}. `;
  return survivalPanel(
    "What survives so many failures",
    `${note}Method: ${recovery.method}.`,
    levels.length === 0 ? "nodes " : "",
    curves,
  );
}
