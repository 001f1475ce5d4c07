/** Weights of a placement's copies, as a document. */
import { fixedWeights } from "../core/dispatch/fixedWeights.ts";
import { rankGroups } from "../core/dispatch/rankGroups.ts";
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { Window } from "../formats/csv/windows.ts";
import type { DispatchWeightsDocument } from "../formats/dispatchWeights.ts";
import type { RoutedLayer } from "./routedLayers.ts";

/** What the weights of a placement follow from. */
interface Routed {
  readonly window: Window | undefined;
  readonly cluster: readonly ClusterNode[];
  readonly ranks: number;
  readonly layers: Iterable<RoutedLayer>;
}

/** What each copy of an expert gets of its tokens. */
export function weightsDocument({ window, cluster, ranks, layers }: Routed): DispatchWeightsDocument {
  const levels = rankGroups(cluster);
  return {
    type: "dispatch-weights",
    version: 1,
    ...(window && { window }),
    ranks,
    layers: Array.from(layers, ({ layer, replicas, routing }) => {
      const weights = fixedWeights(routing, replicas, levels);
      return {
        layer,
        weights: replicas.flatMap((hosts, expert) =>
          hosts.flatMap(([rank, copies], host) =>
            new Array<[number, number, number]>(copies).fill([expert, rank, weights[expert]![host]!]),
          ),
        ),
      };
    }),
  };
}
