/** A placement in the words of a serving system. */
import { checkChoice } from "../../core/algorithms/checkChoice.ts";
import { UsageError } from "../../errors.ts";
import type { PlacementDocument } from "../documents/placement.ts";
import { encodeAscend } from "./ascend.ts";
import { hiddenLayer, type LayerNumbering, type PlanSystem, planSystems } from "./plan.ts";
import { planTable, wastedSlots } from "./planTable.ts";
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
 * @param notice is told in one line what the system should know beside the file
 * @throws UsageError when the system cannot hold the placement, with what to do about it
 */
export function encodePlan(
  document: PlacementDocument,
  system: PlanSystem,
  settings: PlanSettings,
  notice?: (message: string) => void,
): string {
  checkChoice("system", system ?? null, planSystems);
  const table = planTable(document, system, settings, notice);
  const slots = table.rows.reduce((sum, row) => sum + row.slots.length - table.dead, 0);
  const wasted = wastedSlots(table);
  if (wasted > 0 && system === "ascend") {
    throw new UsageError(
      `--format ascend cannot hold this plan: ${wasted} of ${slots} slots hold an expert that their device has already, and vllm-ascend would send tokens to a wrong expert; take --placement balanced or resilient, which keep the copies of an expert on different devices, or fewer slots`,
    );
  }
  if (wasted > 0) notice?.(`${wasted} of ${slots} slots hold an expert that their rank has already, which is of no use`);
  const redundant = (table.rows[0]?.slots.length ?? 0) - table.experts;
  if (system === "sglang") notice?.(`this plan is for SGLang with --ep-num-redundant-experts ${redundant}`);
  if (table.dead > 0) notice?.(`${table.dead} slots a layer are of dead ranks, and -1`);
  const hidden = table.rows.map(({ layer }) => hiddenLayer(layer, settings));
  switch (system) {
    case "sglang":
      return encodeSglang(table, hidden);
    case "ascend":
      return encodeAscend(table);
    case "trtllm":
      return encodeTrtllm(table, hidden, settings.layerUpdatesPerIteration);
    case "vllm":
      return encodeVllm(table);
  }
}
