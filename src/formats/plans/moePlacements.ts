/** Which layers of a placement are the MoE layers of a model, in their order. */

import type { LayerLoads, LayerPlacement } from "../../core/layout/placement.ts";
import { UsageError } from "../../errors.ts";
import { countsHiddenLayers, type LayerNumbering, moeLayersOf, type PlanSystem } from "./plan.ts";

/** What a system cannot hold, and what to do about it. */
export function refusal(system: PlanSystem, found: string, remedy: string, held = "plan"): UsageError {
  return new UsageError(`--format ${system} cannot hold this ${held}: ${found}; ${remedy}`);
}

/** That the first layer is neither the first of all nor the one that follows the dense layers. */
export function unknownStart(first: number, { denseLayers }: LayerNumbering, system: PlanSystem, held?: string): UsageError {
  return refusal(
    system,
    `its first layer is ${first}, but ${denseLayers} dense layer${denseLayers === 1 ? " comes" : "s come"} before the MoE layers`,
    `say --num-dense-layers ${first} if the profile counts the layers of the model, --layer-base ${first} if it counts MoE layers from ${first} on`,
    held,
  );
}

/**
 * The layers in the order of the model's MoE layers. Layers without tokens are dense ones where the user names others, or says
 * that as many come first.
 * @param notice is told which were left out
 * @throws UsageError when it cannot be told which MoE layer is which, with options that tell
 */
export function moePlacements(
  layers: readonly LayerPlacement[],
  system: PlanSystem,
  numbering: LayerNumbering,
  notice?: (message: string) => void,
): readonly LayerPlacement[] {
  const sorted = layers.toSorted((a, b) => a.layer - b.layer);
  const { moeLayers } = numbering;
  const moe =
    moeLayers === undefined ? consecutive(sorted, system, numbering) : namedLayers(sorted, moeLayers, system, numbering);
  const dense = sorted.filter((layer) => !moe.includes(layer)).map(({ layer }) => layer);
  if (dense.length > 0) notice?.(`layer${dense.length === 1 ? "" : "s"} ${shortList(dense)} without tokens (dense) left out`);
  return moe;
}

/** Without a list they are all that there are, from the first on without a gap. */
function consecutive(
  layers: readonly LayerPlacement[],
  system: PlanSystem,
  numbering: LayerNumbering,
): readonly LayerPlacement[] {
  const firstBusy = layers.find(hasTokens)?.layer;
  // Rows without tokens in front that are the dense layers which the user speaks of.
  if (firstBusy !== undefined && firstBusy !== layers[0]?.layer && firstBusy === numbering.denseLayers) {
    return consecutive(
      layers.filter(({ layer }) => layer >= firstBusy),
      system,
      numbering,
    );
  }
  const numbers = layers.map(({ layer }) => layer);
  const busy = layers.filter(hasTokens).map(({ layer }) => layer);
  if (busy.length > 0 && busy.length < layers.length) {
    const idle = layers.filter((layer) => !hasTokens(layer)).map(({ layer }) => layer);
    throw refusal(
      system,
      `layer${idle.length === 1 ? "" : "s"} ${shortList(idle)} ${idle.length === 1 ? "has" : "have"} no tokens, as dense layers have`,
      `name the layers that have experts: --moe-layers ${shortList(busy)}`,
    );
  }
  const first = numbers[0] ?? 0;
  if (numbers.some((layer, index) => layer !== first + index)) {
    throw refusal(
      system,
      `its layers are ${shortList(numbers)}, with a gap`,
      `keep all MoE layers, or, if these are all that have experts, say so: --moe-layers ${shortList(numbers)}`,
    );
  }
  if (moeLayersOf(numbers, numbering).indexOf(first) === 0) return layers;
  if (countsHiddenLayers[system]) throw unknownStart(first, numbering, system);
  throw refusal(
    system,
    `its first layer is ${first}, not ${numbering.layerBase}`,
    `say --layer-base ${first} if that is the first MoE layer`,
  );
}

/**
 * The layers that --moe-layers names, in its order.
 * @throws UsageError when it names others, or leaves one out that has tokens
 */
export function namedLayers<T extends LayerLoads>(
  layers: readonly T[],
  moeLayers: readonly number[],
  system: PlanSystem,
  numbering: LayerNumbering,
  held?: string,
): readonly T[] {
  const { indexOf } = moeLayersOf(
    layers.map(({ layer }) => layer),
    numbering,
  );
  const chosen = layers.filter(({ layer }) => indexOf(layer) >= 0 && indexOf(layer) < moeLayers.length);
  const other = layers.find((layer) => !chosen.includes(layer) && hasTokens(layer));
  if (chosen.length === moeLayers.length && other === undefined) return chosen;
  const all = shortList(layers.map(({ layer }) => layer));
  throw refusal(
    system,
    `it has ${layers.length} layers (${all}), and --moe-layers names ${moeLayers.length}${other === undefined ? "" : `, not layer ${other.layer}, which has tokens`}`,
    "name as many, by their numbers in the model",
    held,
  );
}

function hasTokens({ loads }: LayerLoads): boolean {
  return loads.some((load) => load > 0);
}

/** Ascending numbers as --moe-layers takes them: runs, and runs with a step, are joined. */
export function shortList(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    const step = (numbers[i + 1] ?? 0) - numbers[i]!;
    let end = i + 1;
    while (end < numbers.length && numbers[end]! - numbers[end - 1]! === step) end++;
    const length = end - i;
    if (length < 3) {
      parts.push(`${numbers[i]}`);
      i++;
    } else {
      parts.push(`${numbers[i]}-${numbers[end - 1]}${step === 1 ? "" : `:${step}`}`);
      i = end;
    }
  }
  return parts.join(",");
}
