/** Layers without tokens between those that have some: dense ones, which hold no experts. */
import type { LayerLoads } from "../core/layout/placement.ts";
import { shortList } from "../formats/plans/moePlacements.ts";
import { type LayerNumbering, moeLayersOf, planSystems } from "../formats/plans/plan.ts";
import { warn } from "./warn.ts";

/**
 * The layers to place: those without tokens that --moe-layers does not name are left out with a word. Where nobody names any, a word says
 * how to; formats of other systems refuse such layers by themselves.
 */
export function layersToPlace(
  layers: readonly LayerLoads[],
  numbering: LayerNumbering,
  format: string | undefined,
): readonly LayerLoads[] {
  const hasTokens = ({ loads }: LayerLoads) => loads.some((load) => load > 0);
  const busy = layers.filter(hasTokens);
  if (busy.length === layers.length || busy.length === 0 || planSystems.some((system) => system === format)) return layers;
  const list = (some: readonly LayerLoads[]) => shortList(some.map(({ layer }) => layer));
  const idle = layers.filter((layer) => !hasTokens(layer));
  const are = (some: readonly LayerLoads[]) => `layer${some.length === 1 ? "" : "s"} ${list(some)}`;
  const { moeLayers } = numbering;
  if (moeLayers === undefined) {
    warn(
      `${are(idle)} without tokens, as dense layers have none, placed all the same; if dense, name the others: --moe-layers ${list(busy)}`,
    );
    return layers;
  }
  const { indexOf } = moeLayersOf(
    layers.map(({ layer }) => layer),
    numbering,
  );
  const dense = idle.filter(({ layer }) => !(indexOf(layer) >= 0 && indexOf(layer) < moeLayers.length));
  if (dense.length > 0) warn(`${are(dense)} without tokens (dense) left out`);
  return layers.filter((layer) => !dense.includes(layer));
}
