/** A node of a placement. */
import * as z from "zod/mini";
import { count, nodeGpus, nodeName, nodeSlots } from "./schema.ts";

export const nodeSchema = z.object({
  name: nodeName,
  slots: nodeSlots,
  gpus: nodeGpus,
  /** Dead GPUs, ascending from 0; they keep their ranks, and `slots` are those of the others. */
  deadGpus: z.optional(z.readonly(z.array(count).check(z.minLength(1)))),
  domain: z.optional(nodeName),
});

/** What is wrong with the dead GPUs of a node, if anything. */
export function deadGpusFault({ slots, gpus, deadGpus }: z.infer<typeof nodeSchema>): string | undefined {
  if (deadGpus === undefined) return undefined;
  if (deadGpus.some((gpu, i) => gpu >= gpus || (i > 0 && gpu <= deadGpus[i - 1]!)))
    return `deadGpus: expected GPUs of 0 to ${gpus - 1}, ascending, got [${deadGpus.join(", ")}]`;
  const live = gpus - deadGpus.length;
  if (live === 0) return "all GPUs are dead; leave the node out";
  return slots % live === 0 ? undefined : `expected as many slots on each of ${live} live GPUs, got ${slots} in all`;
}
