/** Plans of other systems from files. */

import { parseJson } from "../formats/parseJson.ts";
import { decodePlan, decodeYamlPlan } from "../formats/plans/decodePlan.ts";
import type { ForeignPlan } from "../formats/plans/plan.ts";
import { openInput, readText } from "../io/input.ts";

/** Reads a plan of SGLang, vllm-ascend, MindIE, TensorRT-LLM or vLLM. @throws InputError */
export async function readForeignPlan(file: string): Promise<ForeignPlan> {
  const input = openInput(file);
  const text = await readText(input);
  return /^\s*[[{]/.test(text) ? decodePlan(parseJson(text, input.name), input.name) : decodeYamlPlan(text, input.name);
}
