import { FlowNetwork } from "../algorithms/flow.ts";
import { busiestFirst } from "./busiestFirst.ts";
import { captiveLoad, gpusOf, type HostedLoad } from "./hostedLoad.ts";
import { levelShares } from "./levelShares.ts";

/**
 * Node set with the most captive load per GPU, by maximum flow (Dinkelbach's method for the ratio).
 *
 * At a ratio a/b, tokens flow from the experts to their hosts and on into b-fold GPUs of capacity a. When they all fit, no node
 * set exceeds the ratio; otherwise the least cut is the set that exceeds it by most tokens, and its own ratio is the next
 * to try. Exact while tokens times GPUs stay below 2^53, to rounding beyond.
 *
 * @param hosted loads and their hosts, some load positive
 * @param gpus GPUs of each node, shape [nodes]
 * @returns the set, ascending
 */
export function bindingSetByFlow(hosted: readonly HostedLoad[], gpus: readonly number[]): number[] {
  const unit = gpus.reduce(greatestCommonDivisor);
  const weights = gpus.map((count) => count / unit);
  const { shares, load: level } = levelShares(hosted, weights);
  let binding = busiestSet(hosted, weights, level);
  for (;;) {
    const load = captiveLoad(binding, hosted);
    const weight = gpusOf(binding, weights);
    const exceeding = mostExceedingSet(hosted, weights, load, weight, shares);
    if (!(captiveLoad(exceeding, hosted) / gpusOf(exceeding, weights) > load / weight)) return binding;
    binding = exceeding;
  }
}

/**
 * The nodes that are busiest, as many of them as have the most captive load per GPU: a start near the end.
 * @param tokens of each node when shares are nearly level, shape [nodes]
 */
export function busiestSet(hosted: readonly HostedLoad[], weights: readonly number[], tokens: Float64Array): number[] {
  const order = busiestFirst(tokens);
  const place = new Int32Array(order.length);
  order.forEach((node, at) => {
    place[node] = at;
  });
  const captive = new Float64Array(order.length);
  for (const { hosts, load } of hosted) {
    let last = 0;
    for (const node of hosts) last = Math.max(last, place[node]!);
    captive[last]! += load;
  }
  let [inside, weight, most, size] = [0, 0, 0, 0];
  order.forEach((node, at) => {
    inside += captive[at]!;
    weight += weights[node]!;
    if (inside < most * weight) return;
    most = inside / weight;
    size = at + 1;
  });
  return Array.from(order.subarray(0, size).sort());
}

/**
 * Node set with the greatest captive load beyond load/weight times its own weight; empty when none has any.
 * @param shares a start near the maximum flow; the set is the same whatever it is
 */
function mostExceedingSet(
  hosted: readonly HostedLoad[],
  weights: readonly number[],
  load: number,
  weight: number,
  shares: readonly Float64Array[],
): number[] {
  const nodes = weights.length;
  const [source, sink] = [nodes, nodes + 1];
  const edges = hosted.reduce((sum, { hosts }) => sum + 1 + hosts.length, nodes);
  const network = new FlowNetwork(nodes + 2 + hosted.length, edges);
  const outOf = weights.map((own, node) => network.addEdge(node, sink, own * load));
  hosted.forEach(({ hosts, load: own }, i) => {
    const expert = nodes + 2 + i;
    const into = network.addEdge(source, expert, own * weight);
    hosts.forEach((node, at) => {
      const edge = network.addEdge(expert, node, Infinity);
      const flow = Math.min(Math.floor(shares[i]![at]! * weight), network.room(into), network.room(outOf[node]!));
      for (const along of [into, edge, outOf[node]!]) network.push(along, flow);
    });
  });
  network.maxFlow(source, sink);
  const overloaded = network.reachable(source);
  return Array.from(weights.keys()).filter((node) => overloaded[node]);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
