import { bindingSetByEnumeration } from "./bindingSetByEnumeration.ts";
import { bindingSetByFlow } from "./bindingSetByFlow.ts";
import { captiveLoad, gpusOf, hostedLoads } from "./hostedLoad.ts";

/** The least possible maximum load of a layer, and the nodes that force it. */
export interface OptimalBalance {
  /** Load per GPU of the busiest node over the mean load per GPU; at least 1. */
  readonly maxOverMean: number;
  /** Nodes whose experts have no other hosts and that carry `maxOverMean` on average, ascending. */
  readonly binding: readonly number[];
}

/** Most nodes for which enumerating all node sets is quicker than a maximum flow. */
const ENUMERATION_LIMIT = 12;

/**
 * Least possible maximum load when the shares of each expert over its hosts are free:
 * `max over node sets W of (sum of loads of experts with all hosts in W) / (GPUs in W)`, over the mean.
 *
 * @param hostSets host nodes of each expert of one layer, ascending, shape [experts][hosts]
 * @param loads tokens of each expert, whole numbers, shape [experts]
 * @param gpus GPUs of each node, shape [nodes]
 * @throws RangeError when an expert has tokens and no host, or a count is not whole or does not fit
 */
export function optimalBalance(
  hostSets: readonly (readonly number[])[],
  loads: readonly number[],
  gpus: readonly number[],
): OptimalBalance {
  const hosted = hostedLoads(hostSets, loads, gpus);
  const everywhere = Array.from(gpus.keys());
  const mean = captiveLoad(everywhere, hosted) / gpusOf(everywhere, gpus);
  if (mean === 0) return { maxOverMean: 1, binding: everywhere };
  const find = gpus.length <= ENUMERATION_LIMIT ? bindingSetByEnumeration : bindingSetByFlow;
  const binding = find(hosted, gpus);
  return { maxOverMean: captiveLoad(binding, hosted) / gpusOf(binding, gpus) / mean, binding };
}
