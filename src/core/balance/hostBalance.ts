import { optimalBalance } from "./optimalBalance.ts";

/** How busy a layer's busiest GPU is over the mean when shares are free, as far as host sets decide it. */
export interface HostBalance {
  /** Where nodes share evenly among their GPUs. */
  readonly nodes: number;
  /** Where a host has an expert on one GPU only: the largest share of an expert; 0 without tokens. */
  readonly shares: number;
}

/**
 * Balance of one layer's host sets.
 * @param hosts nodes of each expert, ascending, shape [experts][hosts]
 * @param loads tokens of each expert, shape [experts]
 * @param gpus GPUs of each node, shape [nodes]
 * @throws RangeError as `optimalBalance`
 */
export function hostBalance(
  hosts: readonly (readonly number[])[],
  loads: readonly number[],
  gpus: readonly number[],
): HostBalance {
  const mean = loads.reduce((sum, load) => sum + load, 0) / gpus.reduce((sum, count) => sum + count, 0);
  const shares = loads.reduce(
    (worst, load, expert) => (load === 0 ? worst : Math.max(worst, load / hosts[expert]!.length / mean)),
    0,
  );
  return { nodes: optimalBalance(hosts, loads, gpus).maxOverMean, shares };
}
