/** A placement as flat rows, one a slot. */
import { stringify } from "csv-stringify/sync";
import { firstRanks, gpuOfSlot } from "../core/layout/cluster.ts";
import { type PlacementDocument, placementOf } from "./documents/placement.ts";

/** CSV `layer,node,rank,slot,expert` in pieces, one a layer; expert is -1 in a free slot. */
export function* placementCsv(document: PlacementDocument, header: boolean): Generator<string> {
  if (header) yield "layer,node,rank,slot,expert\n";
  const { cluster } = placementOf(document);
  const first = firstRanks(cluster);
  for (const { layer, nodes } of document.layers) {
    yield stringify(
      cluster.flatMap((node, n) =>
        nodes[n]!.map((expert, slot) => [layer, node.name, first[n]! + gpuOfSlot(node, slot), slot, expert]),
      ),
    );
  }
}
