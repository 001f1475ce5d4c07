/** A placement in the words of a serving system. */
import type { PlacementDocument } from "../documents/placement.ts";
import { encodeAscend } from "./ascend.ts";
import type { LayerNumbering, PlanSystem } from "./plan.ts";
import { planTable } from "./planTable.ts";
import { encodeSglang } from "./sglang.ts";
import { encodeTrtllm } from "./trtllm.ts";
import { encodeVllm } from "./vllm.ts";

/** What the systems want to know beside the placement. */
export interface PlanSettings extends LayerNumbering {
  /** TensorRT-LLM: layers that it may rearrange in every iteration; 0 keeps the plan. */
  readonly layerUpdatesPerIteration: number;
}

/**
 * The file of a plan.
 * @throws UsageError when the system cannot hold the placement, with what to do about it
 */
export function encodePlan(document: PlacementDocument, system: PlanSystem, settings: PlanSettings): string {
  const table = planTable(document, system, settings);
  switch (system) {
    case "sglang":
      return encodeSglang(table, settings.denseLayers);
    case "ascend":
      return encodeAscend(table);
    case "trtllm":
      return encodeTrtllm(table, settings.denseLayers, settings.layerUpdatesPerIteration);
    case "vllm":
      return encodeVllm(table);
  }
}
