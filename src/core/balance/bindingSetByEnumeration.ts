import type { HostedLoad } from "./hostedLoad.ts";

/**
 * Node set with the most captive load per GPU, by a subset-sum (zeta) transform over all 2^nodes node sets.
 *
 * @param hosted loads and their hosts, some load positive
 * @param gpus GPUs of each node, shape [nodes], a few nodes
 * @returns the set, ascending; of several sets that bind, their union
 */
export function bindingSetByEnumeration(hosted: readonly HostedLoad[], gpus: readonly number[]): number[] {
  const nodes = gpus.length;
  const captive = new Float64Array(2 ** nodes);
  for (const { hosts, load } of hosted) captive[hosts.reduce((bits, node) => bits | (1 << node), 0)]! += load;
  const gpusInSet = new Float64Array(2 ** nodes);
  for (let node = 0; node < nodes; node++) {
    const bit = 1 << node;
    for (let set = bit; set < captive.length; set++) {
      if ((set & bit) === 0) continue;
      captive[set]! += captive[set ^ bit]!;
      gpusInSet[set]! += gpus[node]!;
    }
  }
  let binding = 0;
  let most = 0;
  for (let set = 1; set < captive.length; set++) {
    const load = captive[set]! / gpusInSet[set]!;
    if (load >= most) {
      most = load;
      binding = set;
    }
  }
  return Array.from(gpus.keys()).filter((node) => (binding >> node) & 1);
}
