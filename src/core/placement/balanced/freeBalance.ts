import { type OptimalBalance, optimalBalance } from "../../balance/optimalBalance.ts";
import { hostSets } from "../../layout/placement.ts";

/**
 * Least possible load of the busiest GPU over the mean when the dispatcher decides the shares, and the GPUs that force it.
 * @param held experts on each GPU, shape [ranks][replicas]
 * @param loads tokens of each expert, shape [experts]
 */
export function freeBalance(held: readonly number[][], loads: readonly number[]): OptimalBalance {
  return optimalBalance(
    hostSets({ loads, nodes: held }),
    loads,
    held.map(() => 1),
  );
}
