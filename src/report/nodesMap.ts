/** Which experts nodes hold. */

import { gpuOfSlot } from "../core/layout/cluster.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { checkShown } from "./checkShown.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { textTable } from "./table.ts";

const LONGEST_MAP = 16;

/** Who holds what in the first layer, where that fits a screen; else how to see it. */
export function mapOfLayer({ nodes, layers }: PlacementDocument, paint: Paint, width: number): string[] {
  const first = layers[0];
  if (first === undefined) return [];
  const cells = nodes.map((_, n) => slotsText(first.nodes[n]!, first.loads.length));
  const hasDomains = nodes.some(({ domain }) => domain);
  const rows = nodes.map(({ name, domain }, n) => [name, ...(hasDomains ? [domain ?? ""] : []), cells[n]!]);
  const columns = ["node", ...(hasDomains ? ["domain"] : []), `experts it holds in layer ${first.layer}`];
  const widest = columns.reduce((sum, head, c) => sum + 2 + Math.max(head.length, ...rows.map((row) => row[c]!.length)), 0);
  if (nodes.length > LONGEST_MAP || widest - 2 > width)
    return [wrapped(`--node ${nodes[0]!.name} shows what a node holds; --format csv lists every slot`, width)];
  return [
    textTable(
      columns.map((head) => ({ head, align: "left" as const })),
      rows,
      paint,
    ),
  ];
}

/**
 * What a node holds, layer by layer, GPU by GPU.
 * @param chosen numbers of the layers to show
 * @throws UsageError when there is no such node
 */
export function mapOfNode(
  document: PlacementDocument,
  wanted: string,
  chosen: readonly number[] | undefined,
  paint: Paint,
  width: number,
): string {
  const { nodes, layers } = document;
  checkShown({ node: wanted, layers: chosen }, nodes, layers);
  const n = nodes.findIndex(({ name }) => name === wanted);
  const { gpus, slots, domain } = nodes[n]!;
  const node = placementOf(document).cluster[n]!;
  const shown = chosen === undefined ? layers : layers.filter(({ layer }) => chosen.includes(layer));
  const rows = shown.flatMap(({ layer, nodes: held, loads, replicas }) =>
    Array.from({ length: gpus }, (_, gpu) => {
      const own = held[n]!.filter((_, slot) => gpuOfSlot(node, slot) === gpu);
      const last = own.filter((expert) => expert >= 0 && replicas[expert] === 1);
      return [gpu === 0 ? String(layer) : "", ...(gpus > 1 ? [String(gpu)] : []), slotsText(own, loads.length), last.join(" ")];
    }),
  );
  const hasLast = rows.some((row) => row.at(-1) !== "");
  const columns = [
    { head: "layer" },
    ...(gpus > 1 ? [{ head: "GPU" }] : []),
    { head: "experts it holds", align: "left" as const },
    ...(hasLast ? [{ head: "nowhere else", align: "left" as const }] : []),
  ];
  const head = `${paint.bold("Node")} ${wanted}: ${gpus} GPU${gpus === 1 ? "" : "s"}, ${slots} slots${domain === undefined ? "" : `, in ${domain}`}`;
  const table = textTable(columns, hasLast ? rows : rows.map((row) => row.slice(0, -1)), paint);
  return `${wrapped(head, width)}\n\n${table}`;
}

function slotsText(held: readonly number[], experts: number): string {
  const digits = String(experts - 1).length;
  if (held.length === 0) return "dead";
  return held.map((expert) => (expert < 0 ? "·" : String(expert)).padStart(digits)).join(" ");
}
