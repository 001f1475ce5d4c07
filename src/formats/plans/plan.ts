/** Plans as serving systems keep them: for every layer a row of slots in rank order, and nothing about nodes or loads. */

/** Systems whose plans are read and written. */
export const planSystems = ["sglang", "ascend", "trtllm", "vllm"] as const;

/** A system whose plans are read and written. */
export type PlanSystem = (typeof planSystems)[number];

/** The slots of one layer. */
export interface PlanRow {
  /** The layer's number in the system's own counting. */
  readonly layer: number;
  /** Logical expert in each slot, shape [slots], slots in rank order, equally many a rank. */
  readonly slots: readonly number[];
}

/** A plan of another system. */
export interface ForeignPlan {
  readonly system: PlanSystem;
  /** Ascending by layer, all of the same length. */
  readonly rows: readonly PlanRow[];
  /** Ranks, where the plan says how many. */
  readonly ranks?: number;
}

/** How layer numbers of our documents and those of a model belong together. */
export interface LayerNumbering {
  /** Number that our documents give to the first MoE layer. */
  readonly layerBase: number;
  /** Dense layers that the model has before its first MoE layer. */
  readonly denseLayers: number;
  /** The MoE layers among all layers of the model, ascending; without them they follow the dense ones without a gap. */
  readonly moeLayers?: readonly number[] | undefined;
}

/** The layers of our documents in the order of the model's MoE layers. */
export interface MoeLayers {
  /** Number in our documents of a MoE layer, counted from 0. */
  readonly ours: (moeLayer: number) => number;
  /** Which MoE layer ours is, counted from 0; below 0 or not whole for those that are none. */
  readonly indexOf: (ours: number) => number;
}

/**
 * Our layers and the MoE layers of the model. Documents count either all layers of the model, as SGLang's and TensorRT-LLM's
 * records do, or the MoE layers alone. That they count all is known where they have all that the user names, or where, with
 * nothing said, their first layer has the number that follows the dense ones.
 * @param layers numbers of our layers, ascending
 */
export function moeLayersOf(layers: readonly number[], { layerBase, denseLayers, moeLayers }: LayerNumbering): MoeLayers {
  if (moeLayers?.every((layer) => layers.includes(layer)))
    return { ours: (index) => moeLayers[index] ?? -1, indexOf: (ours) => moeLayers.indexOf(ours) };
  const first = layers[0] ?? 0;
  const base = layerBase === 0 && moeLayers === undefined && first === denseLayers ? first : layerBase;
  return { ours: (index) => base + index, indexOf: (ours) => ours - base };
}

/** Systems that count the model's hidden layers, dense ones included; the others count MoE layers from 0. */
export const countsHiddenLayers: Readonly<Record<PlanSystem, boolean>> = {
  sglang: true,
  trtllm: true,
  ascend: false,
  vllm: false,
};

/** Layer of the model that a MoE layer is. */
export function hiddenLayer(moeLayer: number, { denseLayers, moeLayers }: LayerNumbering): number {
  return moeLayers === undefined ? denseLayers + moeLayer : (moeLayers[moeLayer] ?? -1);
}

/** Which MoE layer a layer of the model is, counted from 0; below 0 for dense ones. */
export function moeLayerAt(hidden: number, { denseLayers, moeLayers }: LayerNumbering): number {
  return moeLayers === undefined ? hidden - denseLayers : moeLayers.indexOf(hidden);
}
