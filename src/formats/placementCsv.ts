/** A placement as flat rows, one a slot. */
import { stringify } from "csv-stringify/sync";
import { firstRanks, gpuOfSlot } from "../core/layout/cluster.ts";
import { FREE_SLOT } from "../core/layout/placement.ts";
import { UsageError } from "../errors.ts";
import { type TermedPlan, termCells, termsOf } from "./csv/placementTerms.ts";
import { type TablePart, windowTable } from "./csv/windows.ts";
import { type PlacementDocument, rankedPlacementOf } from "./documents/placement.ts";

/** Columns of every placement, in their order. */
export const PLACEMENT_COLUMNS = [
  "layer",
  "node",
  "domain",
  "rank",
  "slot",
  "expert",
  "tokens",
  "placement",
  "shares",
  "minReplicas",
] as const;

/** 1 in the rows of dead GPUs; a column that is there only when there are any. */
export const DEAD_COLUMN = "dead";

/** Writes one placement after the other; those of recoveries with what came before them. */
export type PlacementRowWriter = (
  document: PlacementDocument,
  first: boolean,
  before?: Omit<TermedPlan, "placement">,
) => Generator<string>;

/**
 * CSV of placements in pieces, one a layer: a row a slot, free ones without expert; a GPU without slots has a row without
 * slot, and so has a dead one. An expert without a slot has a row without node, and one with the node, without rank and slot, for every node that
 * keeps it in host memory. Settings that are not what is assumed are columns at the end.
 */
export function placementCsv(): PlacementRowWriter {
  const partOf = windowTable(({ window }: PlacementDocument) => window);
  let columns: readonly string[] = [];
  let haveDied = false;
  return function* (document, first, before = {}) {
    const part = partOf(document, first);
    const plan = { ...before, placement: document };
    const terms = termsOf(plan);
    const died = document.nodes.some(({ deadGpus }) => deadGpus !== undefined);
    if (first) {
      columns = terms;
      haveDied = died;
      yield `${part.header}${[...PLACEMENT_COLUMNS, ...columns, ...(haveDied ? [DEAD_COLUMN] : [])].join()}\n`;
    } else if (died !== haveDied || terms.some((name) => !columns.includes(name))) {
      throw new UsageError(
        "--format csv: only some of the placements have dead GPUs, or settings or expected failures of their own; write --format json",
      );
    }
    const { placement, shares, minReplicas } = document.policy;
    const end = `,${cells([placement, shares, minReplicas, ...termCells(plan, columns)])}${haveDied ? "," : ""}`;
    yield* layerRows(document, part, end);
  };
}

function* layerRows(document: PlacementDocument, { cell: window }: TablePart, ending: string): Generator<string> {
  const { cluster } = rankedPlacementOf(document);
  const first = firstRanks(cluster);
  const names = cluster.map(({ name, domain }) => cells([name, domain]));
  const end = `${ending}\n`;
  const numberOf = new Map(cluster.map(({ name }, node) => [name, node]));
  for (const { layer, loads, replicas, nodes } of document.layers) {
    const begin = `${window}${layer},`;
    let text = "";
    for (const [n, node] of cluster.entries()) {
      const opening = `${begin}${names[n]},`;
      const dead = new Set(node.deadGpus?.map((gpu) => first[n]! + gpu));
      const emptyGpu = (rank: number) => `${opening}${rank},,,${ending}${dead.has(rank) ? "1" : ""}\n`;
      let rank = first[n]!;
      for (const [slot, expert] of nodes[n]!.entries()) {
        const holder = first[n]! + gpuOfSlot(node, slot);
        for (; rank < holder; rank++) text += emptyGpu(rank);
        rank = holder + (slot + 1 < node.slots && first[n]! + gpuOfSlot(node, slot + 1) === holder ? 0 : 1);
        text +=
          expert === FREE_SLOT
            ? `${opening}${holder},${slot},,${end}`
            : `${opening}${holder},${slot},${expert},${loads[expert]}${end}`;
      }
      for (; rank < first[n + 1]!; rank++) text += emptyGpu(rank);
    }
    for (const [expert, copies] of replicas.entries()) {
      if (copies === 0) text += `${begin},,,,${expert},${loads[expert]}${end}`;
    }
    for (const spilled of document.spilled ?? []) {
      if (spilled.layer !== layer) continue;
      for (const name of spilled.nodes) {
        text += `${begin}${names[numberOf.get(name)!]},,,${spilled.expert},${loads[spilled.expert]}${end}`;
      }
    }
    yield text;
  }
}

/** Cells with commas between them, quoted where they have to be. */
function cells(values: readonly (string | number | undefined)[]): string {
  return stringify([[...values]]).slice(0, -1);
}
