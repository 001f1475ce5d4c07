/**
 * Expert maps of vllm-ascend (expert_map_path) and MindIE (eplb_expert_map_file): for every MoE layer, counted from 0, the
 * experts of every device. Both read them into a rectangle, so that all devices have equally many.
 */
import * as z from "zod/mini";
import { InputError } from "../../errors.ts";
import { count, positiveCount, wholeNumbers } from "../documents/schema.ts";
import type { PlanRow } from "./plan.ts";
import type { PlanTable } from "./planTable.ts";

const schema = z.object({
  moe_layer_count: positiveCount,
  layer_list: z.array(
    z.object({
      layer_id: count,
      device_count: positiveCount,
      device_list: z.array(z.object({ device_id: count, device_expert: wholeNumbers(0, "expert ids, whole numbers from 0") })),
    }),
  ),
});

/** Whether a parsed value looks like such a file. */
export function isAscendPlan(value: object): boolean {
  return "moe_layer_count" in value || "layer_list" in value;
}

/** One line of JSON. */
export function encodeAscend({ ranks, rows }: PlanTable): string {
  const plan = {
    moe_layer_count: rows.length,
    layer_list: rows.map(({ layer, slots }) => {
      const perRank = slots.length / ranks;
      return {
        layer_id: layer,
        device_count: ranks,
        device_list: Array.from({ length: ranks }, (_, rank) => ({
          device_id: rank,
          device_expert: slots.slice(rank * perRank, (rank + 1) * perRank),
        })),
      };
    }),
  };
  return `${JSON.stringify(plan)}\n`;
}

/** Rows by MoE layer, and the number of devices. @throws InputError */
export function decodeAscend(value: object, file: string): { ranks: number; rows: PlanRow[] } {
  const result = z.safeParse(schema, value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new InputError(
      `in the expert map: ${issue?.path.map(String).join(".") || "the document"}: expected {"moe_layer_count","layer_list":[{"layer_id","device_count","device_list":[{"device_id","device_expert":[...]}]}]} with whole numbers`,
      { file },
    );
  }
  const { moe_layer_count, layer_list } = result.data;
  const wrong = (what: string) => new InputError(`in the expert map: ${what}`, { file });
  if (moe_layer_count !== layer_list.length) {
    throw wrong(`moe_layer_count is ${moe_layer_count}, but layer_list has ${layer_list.length} layers; make them agree`);
  }
  const ranks = layer_list[0]?.device_count ?? 0;
  const width = layer_list[0]?.device_list[0]?.device_expert.length ?? 0;
  const rows = layer_list.map(({ layer_id, device_count, device_list }) => {
    if (device_count !== ranks)
      throw wrong(`layer ${layer_id} has ${device_count} devices, layer ${layer_list[0]?.layer_id} ${ranks}`);
    if (device_list.length !== ranks)
      throw wrong(`layer ${layer_id}: device_count is ${ranks}, but device_list has ${device_list.length}`);
    const devices = device_list.toSorted((a, b) => a.device_id - b.device_id);
    const slots = devices.flatMap(({ device_id, device_expert }, rank) => {
      if (device_id !== rank) throw wrong(`layer ${layer_id}: device ${rank} is missing or there twice; number devices from 0`);
      if (device_expert.length !== width) {
        throw wrong(
          `layer ${layer_id}: device ${device_id} has ${device_expert.length} experts, others ${width}; all need equally many`,
        );
      }
      const twice = device_expert.find((expert, slot) => device_expert.indexOf(expert) !== slot);
      if (twice !== undefined) {
        throw wrong(
          `layer ${layer_id}: device ${device_id} has expert ${twice} twice; vllm-ascend would send tokens to a wrong expert: put copies on different devices, as lazarus place --placement balanced does`,
        );
      }
      return device_expert;
    });
    return { layer: layer_id, slots };
  });
  rows.sort((a, b) => a.layer - b.layer);
  const gap = rows.findIndex(({ layer }, index) => layer !== index);
  if (gap >= 0) throw wrong(`layer ${gap} is missing or there twice; number MoE layers from 0`);
  return { ranks, rows };
}
