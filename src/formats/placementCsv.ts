/** A placement as flat rows, one a slot. */
import { stringify } from "csv-stringify/sync";
import { firstRanks, gpuOfSlot } from "../core/layout/cluster.ts";
import { FREE_SLOT } from "../core/layout/placement.ts";
import { defaultFailureProbability } from "../core/recovery/failureUnits.ts";
import { UsageError } from "../errors.ts";
import { type TablePart, windowTable } from "./csv/windows.ts";
import { type PlacementDocument, placementOf } from "./documents/placement.ts";

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

/** Column that is there only when the probability is not what is assumed for so many nodes. */
export const FAILURE_PROBABILITY = "failureProbability";

/**
 * CSV of placements in pieces, one a layer: a row a slot, free ones without expert; a GPU without slots has a row without
 * slot. An expert without a slot has a row without node, and one with the node, without rank and slot, for every node that
 * keeps it in host memory.
 */
export function placementCsv(): (document: PlacementDocument, first: boolean) => Generator<string> {
  const partOf = windowTable(({ window }: PlacementDocument) => window);
  let hasProbability = false;
  return function* (document, first) {
    const part = partOf(document, first);
    const probability = otherProbability(document);
    if (first) hasProbability = probability !== undefined;
    else if (hasProbability !== (probability !== undefined)) {
      throw new UsageError(
        "--format csv: only some of the placements have a failure probability of their own; write --format json",
      );
    }
    if (first) yield `${part.header}${PLACEMENT_COLUMNS.join()}${hasProbability ? `,${FAILURE_PROBABILITY}` : ""}\n`;
    const { placement, shares, minReplicas } = document.policy;
    const constants = [placement, shares, minReplicas, ...(hasProbability ? [probability] : [])];
    yield* layerRows(document, part, `,${cells(constants)}\n`);
  };
}

function* layerRows(document: PlacementDocument, { cell: window }: TablePart, end: string): Generator<string> {
  const { cluster } = placementOf(document);
  const first = firstRanks(cluster);
  const names = cluster.map(({ name, domain }) => cells([name, domain]));
  const numberOf = new Map(cluster.map(({ name }, node) => [name, node]));
  for (const { layer, loads, replicas, nodes } of document.layers) {
    const begin = `${window}${layer},`;
    let text = "";
    for (const [n, node] of cluster.entries()) {
      const opening = `${begin}${names[n]},`;
      let rank = first[n]!;
      for (const [slot, expert] of nodes[n]!.entries()) {
        const holder = first[n]! + gpuOfSlot(node, slot);
        for (; rank < holder; rank++) text += `${opening}${rank},,,${end}`;
        rank = holder + (slot + 1 < node.slots && first[n]! + gpuOfSlot(node, slot + 1) === holder ? 0 : 1);
        text +=
          expert === FREE_SLOT
            ? `${opening}${holder},${slot},,${end}`
            : `${opening}${holder},${slot},${expert},${loads[expert]}${end}`;
      }
      for (; rank < first[n + 1]!; rank++) text += `${opening}${rank},,,${end}`;
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

/** The probability that a node fails, where it is none that follows from the number of nodes. */
function otherProbability({ recovery, policy, nodes }: PlacementDocument): number | undefined {
  const probability = recovery?.failureProbability ?? policy.failureProbability;
  return probability === defaultFailureProbability(nodes.length) ? undefined : probability;
}

/** Cells with commas between them, quoted where they have to be. */
function cells(values: readonly (string | number | undefined)[]): string {
  return stringify([[...values]]).slice(0, -1);
}
