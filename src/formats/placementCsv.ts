/** A placement as flat rows, one a slot. */
import { stringify } from "csv-stringify/sync";
import { firstRanks, gpuOfSlot } from "../core/layout/cluster.ts";
import { FREE_SLOT } from "../core/layout/placement.ts";
import { assumedSettings } from "../core/placement/policy.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { UsageError } from "../errors.ts";
import { type TablePart, windowTable } from "./csv/windows.ts";
import { type PlacementDocument, placementOf, rankedPlacementOf } from "./documents/placement.ts";
import { policyNameOf } from "./policyFields.ts";

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

/** What fails as one, and how likely: columns that are there only when these are not what is assumed for such nodes. */
export const FAILURE_COLUMNS = ["failureUnit", "failureProbability"] as const;

/** 1 in the rows of dead GPUs; a column that is there only when there are any. */
export const DEAD_COLUMN = "dead";

/**
 * CSV of placements in pieces, one a layer: a row a slot, free ones without expert; a GPU without slots has a row without
 * slot, and so has a dead one. An expert without a slot has a row without node, and one with the node, without rank and slot, for every node that
 * keeps it in host memory.
 */
export function placementCsv(): (document: PlacementDocument, first: boolean) => Generator<string> {
  const partOf = windowTable(({ window }: PlacementDocument) => window);
  let columns: readonly string[] = [];
  return function* (document, first) {
    const part = partOf(document, first);
    const others = otherFailures(document);
    const haveDied = document.nodes.some(({ deadGpus }) => deadGpus !== undefined);
    const names = [...Object.keys(others), ...(haveDied ? [DEAD_COLUMN] : [])];
    if (first) columns = names;
    else if (names.join() !== columns.join()) {
      throw new UsageError(
        "--format csv: only some of the placements expect failures of their own, or have dead GPUs; write --format json",
      );
    }
    if (first) yield `${part.header}${[...PLACEMENT_COLUMNS, ...columns].join()}\n`;
    const { placement, shares, minReplicas } = document.policy;
    const end = `,${cells([placement, shares, minReplicas, ...Object.values(others)])}${haveDied ? "," : ""}`;
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

/** What is expected to fail, where that does not follow from policy and nodes, by column. */
function otherFailures(document: PlacementDocument): Record<string, string | number> {
  const { recovery, policy } = document;
  const { cluster } = placementOf(document);
  const name = policyNameOf(document);
  const assumed = name && assumedSettings(name, cluster);
  const probability = recovery?.failureProbability ?? policy.failureProbability ?? defaultFailureProbability(cluster.length);
  return {
    ...(policy.failureUnit === undefined || policy.failureUnit === assumed?.failureUnit
      ? {}
      : { failureUnit: policy.failureUnit }),
    ...(probability === defaultFailureProbability(cluster.length) ? {} : { failureProbability: probability }),
  };
}

/** Cells with commas between them, quoted where they have to be. */
function cells(values: readonly (string | number | undefined)[]): string {
  return stringify([[...values]]).slice(0, -1);
}
