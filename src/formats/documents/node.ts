/** A node of a placement. */
import * as z from "zod/mini";
import { count, nodeGpus, nodeName, someSlots } from "./schema.ts";

export const nodeSchema = z.object({
  name: nodeName,
  slots: someSlots,
  gpus: nodeGpus,
  /** Dead GPUs, ascending from 0; they keep their ranks, and `slots` are those of the others: 0 on a dead node that keeps its ranks. */
  deadGpus: z.optional(z.readonly(z.array(count).check(z.minLength(1)))),
  domain: z.optional(nodeName),
});

/** What is wrong with the dead GPUs of a node, if anything. */
export function deadGpusFault({ slots, gpus, deadGpus }: z.infer<typeof nodeSchema>): string | undefined {
  if (deadGpus === undefined) return slots > 0 ? undefined : "no slots on live GPUs; expected at least 1";
  if (deadGpus.some((gpu, i) => gpu >= gpus || (i > 0 && gpu <= deadGpus[i - 1]!)))
    return `deadGpus: expected GPUs of 0 to ${gpus - 1}, ascending, got [${deadGpus.join(", ")}]`;
  const live = gpus - deadGpus.length;
  if (live === 0) return slots === 0 ? undefined : `all GPUs are dead; expected 0 slots, got ${slots}`;
  if (slots === 0) return "no slots on live GPUs; expected at least 1";
  return slots % live === 0 ? undefined : `expected as many slots on each of ${live} live GPUs, got ${slots} in all`;
}
