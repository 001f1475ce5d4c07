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
}

/**
 * The numbering with the first MoE layer's number put in where nobody said it: a profile whose first layer has the number that
 * follows the dense layers counts the model's hidden layers, as SGLang's and TensorRT-LLM's records do.
 * @param first lowest number of our layers
 */
export function numberedFrom(first: number, numbering: LayerNumbering): LayerNumbering {
  const { layerBase, denseLayers } = numbering;
  return layerBase === 0 && first === denseLayers ? { layerBase: first, denseLayers } : { layerBase, denseLayers };
}

/** Systems that count the model's hidden layers, dense ones included; the others count MoE layers from 0. */
const countsHiddenLayers: Readonly<Record<PlanSystem, boolean>> = { sglang: true, trtllm: true, ascend: false, vllm: false };

/** What to add to a system's layer number to get ours. */
export function layerShift(system: PlanSystem, { layerBase, denseLayers }: LayerNumbering): number {
  return layerBase - (countsHiddenLayers[system] ? denseLayers : 0);
}
