import { eplbPlacement } from "../eplb/eplbPlacement.ts";
import { fillSpareSlots } from "./fillSpareSlots.ts";
import type { RankProblem } from "./rankProblem.ts";

/**
 * What EPLB would do, as a candidate: whoever starts here and only improves is never worse. Copies of an expert that share a GPU
 * become one, and the slots that this frees go to others; no dispatcher with free shares does worse with that.
 * @returns experts on each GPU, shape [ranks][replicas]; undefined where GPUs differ in slots or an expert lacks hosts
 */
export function eplbStart({ loads, ranks, minHosts }: RankProblem): number[][] | undefined {
  const each = ranks[0]!.slots;
  if (ranks.some((rank) => rank.slots !== each)) return undefined;
  const shape = { slots: each * ranks.length, groups: 1, nodes: 1, gpus: ranks.length };
  const slots = eplbPlacement([loads], shape).physicalToLogical[0]!;
  const held = ranks.map((_, rank) => [...new Set(slots.slice(rank * each, (rank + 1) * each))]);
  return fillSpareSlots(held, loads, ranks, minHosts) ? held : undefined;
}
