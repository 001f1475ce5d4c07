import type { RandomSource } from "../../algorithms/random.ts";
import type { ReplicaPacking } from "./replicaPacking.ts";

/** Random moves whatever they cost, up to one recount and one swap for every fourth replica, so that runs begin apart. */
export function shake(packing: ReplicaPacking, recounts: boolean, random: RandomSource): void {
  const replicas = packing.experts.length;
  const moves = 1 + random.below(Math.ceil(replicas / 4));
  for (let i = 0; i < moves; i++) {
    const replica = random.below(replicas);
    const expert = random.below(packing.expertCount);
    if (recounts && packing.recountCost(replica, expert) < Infinity) packing.recount(replica, expert);
    const a = random.below(replicas);
    const b = random.below(replicas);
    if (packing.swapCost(a, b) < Infinity) packing.swap(a, b);
  }
}
