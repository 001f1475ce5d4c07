/** Plans of serving systems, told apart by their shape. */
import { InputError } from "../../errors.ts";
import { decodeAscend, isAscendPlan } from "./ascend.ts";
import type { ForeignPlan } from "./plan.ts";
import { decodeSglang, isSglangPlan } from "./sglang.ts";
import { decodeTrtllm } from "./trtllm.ts";
import { decodeVllm } from "./vllm.ts";

/**
 * The plan in a parsed JSON value.
 * @throws InputError
 */
export function decodePlan(value: unknown, file: string): ForeignPlan {
  if (Array.isArray(value)) return checked({ system: "vllm", rows: decodeVllm(value, file) }, file);
  if (typeof value === "object" && value !== null) {
    if (isSglangPlan(value)) return checked({ system: "sglang", rows: decodeSglang(value, file) }, file);
    if (isAscendPlan(value)) return checked({ system: "ascend", ...decodeAscend(value, file) }, file);
  }
  throw new InputError("this is no plan; expected one of SGLang, vllm-ascend, TensorRT-LLM or vLLM", { file });
}

/**
 * The plan in a YAML text.
 * @throws InputError with the line
 */
export function decodeYamlPlan(text: string, file: string): ForeignPlan {
  return checked({ system: "trtllm", rows: decodeTrtllm(text, file) }, file);
}

function checked(plan: ForeignPlan, file: string): ForeignPlan {
  const [first, ...others] = plan.rows;
  if (first === undefined || first.slots.length === 0)
    throw new InputError("the plan is empty; expected a row of slots for every layer", { file });
  const odd = others.find(({ slots }) => slots.length !== first.slots.length);
  if (odd !== undefined) {
    throw new InputError(
      `layer ${odd.layer} has ${odd.slots.length} slots, layer ${first.layer} ${first.slots.length}; every layer needs the same number`,
      { file },
    );
  }
  return plan;
}
