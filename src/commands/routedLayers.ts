/** The layers to dispatch, and where their tokens come from. */

import type { ReplicasByRank } from "../core/dispatch/replicas.ts";
import { evenRouting, type Routing } from "../core/dispatch/routing.ts";
import { deadRanks, totalGpus } from "../core/layout/cluster.ts";
import { type LayerPlacement, type Placement, replicasByRank } from "../core/layout/placement.ts";
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import { InputError, UsageError } from "../errors.ts";

/** A layer, and the tokens that each rank routes to its experts. */
export interface RoutedLayer {
  readonly layer: number;
  readonly replicas: ReplicasByRank;
  readonly routing: Routing;
}

/** Source tokens by rank, and the file they are from. */
export interface Sources {
  readonly profile: LoadProfile;
  readonly file: string;
}

/**
 * The layers of a placement that are wanted, one at a time; those that it lacks are refused at once. Without sources every rank routes alike.
 * @throws UsageError when the placement lacks a layer; InputError when the sources do not fit the placement
 */
export function routedLayers(
  placement: Placement,
  wanted: readonly number[] | undefined,
  sources: Sources | undefined,
): Iterable<RoutedLayer> & { readonly length: number } {
  const layers = chosenLayers(placement, wanted);
  return { length: layers.length, [Symbol.iterator]: () => routed(placement, layers, sources) };
}

function* routed(placement: Placement, layers: readonly LayerPlacement[], sources: Sources | undefined): Generator<RoutedLayer> {
  const ranks = totalGpus(placement.cluster);
  const dead = deadRanks(placement.cluster);
  for (const layer of layers) {
    yield {
      layer: layer.layer,
      replicas: replicasByRank(placement.cluster, layer, placement.spilled),
      routing: sources === undefined ? evenRouting(layer.loads, ranks, dead) : rankRouting(ranks, dead, layer, sources),
    };
  }
}

function chosenLayers({ layers }: Placement, wanted: readonly number[] | undefined): readonly LayerPlacement[] {
  const missing = wanted?.find((id) => !layers.some(({ layer }) => layer === id));
  if (missing !== undefined) throw new UsageError(`--layers: the placement has no layer ${missing}`);
  return wanted === undefined ? layers : layers.filter(({ layer }) => wanted.includes(layer));
}

/** Tokens of one layer by expert and rank, from a profile that keeps ranks apart. */
function rankRouting(
  ranks: number,
  dead: readonly number[],
  { layer, loads }: LayerPlacement,
  { profile, file }: Sources,
): Routing {
  const wrong = (what: string) => new InputError(what, { file });
  const found = profile.layers.find((candidate) => candidate.layer === layer);
  if (found === undefined) throw wrong(`there is no layer ${layer}; expected every layer of the placement (or use --layers)`);
  const { byRank } = found;
  if (byRank === undefined)
    throw wrong("the tokens are not told apart by rank; expected a rank column, or a profile made with --by-rank");
  if (profile.experts !== loads.length)
    throw wrong(`there are ${profile.experts} experts; expected the ${loads.length} of the placement`);
  if (byRank.length !== ranks)
    throw wrong(`layer ${layer} has ${byRank.length} source ranks; expected ${ranks}, one a GPU of the placement`);
  const ghost = dead.find((rank) => byRank[rank]!.some((count) => count > 0));
  if (ghost !== undefined)
    throw wrong(
      `layer ${layer} has tokens from rank ${ghost}, whose GPU is dead in the placement; give routing recorded since it died`,
    );
  const tokens = new Float64Array(loads.length * ranks);
  byRank.forEach((row, rank) => {
    row.forEach((count, expert) => {
      tokens[expert * ranks + rank] = count;
    });
  });
  return { experts: loads.length, ranks, tokens };
}
