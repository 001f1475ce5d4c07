import { binomial } from "./hypergeometric.ts";

/** Up to this many failed sets, rounding errors are far below one set, and a bound is lowered to a whole number of sets. */
const WHOLE_COUNT_LIMIT = 1e9;

/** What the bound needs to know of a layer. */
export interface Demand {
  readonly experts: number;
  /**
   * Most replicas of the rarest expert that g live nodes leave uncovered, for g = 0, 1, ... as long as they leave one at all:
   * they cover no more experts than the g most spacious nodes have slots, at the best the rarest.
   */
  readonly rarest: readonly number[];
}

/**
 * Upper bound on the recovery probability of a layer: the part of the proof of Lazarus' Theorem 1 that holds, tightened.
 *
 * Of the n nodes left, R are live, drawn uniformly, and g live nodes have been passed. Order the n nodes with the h hosts of
 * the rarest uncovered expert first. The first live node must be one of those hosts, say the t-th. It covers as many experts as it has
 * slots, and the rest must be covered by R - 1 live nodes among n - t:
 * `U_g(n, R) = sum over t = 1..h of C(n - t, R - 1) / C(n, R) * U_{g+1}(n - t, R - 1)`, and 1 once no expert can be left.
 * Beyond the paper: the experts left share the slots of n nodes, which limits h; any live node may be passed first, so that
 * `U_g(n, R) <= U_{g+1}(n - 1, R - 1)`; and a bound is lowered to a whole number of failed sets.
 *
 * @param capacity slots of the i most spacious nodes together, shape [nodes + 1]
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 */
export function coveringBound({ experts, rarest }: Demand, capacity: readonly number[]): number[] {
  return wholeSets(
    passLiveNodes(capacity.length - 1, rarest.length, true, (group, n) =>
      Math.min(rarest[group]!, Math.floor(capacity[n]! / (experts - capacity[group]!))),
    ),
  );
}

/**
 * The paper's recursion by itself, with a given h for each of the live nodes passed. That is the probability that the gaps
 * T_g between consecutive live nodes, in a random order of all, are at most h_g.
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 */
export function gapBound(hosts: readonly number[], nodes: number): number[] {
  return wholeSets(passLiveNodes(nodes, hosts.length, false, (group) => hosts[group]!));
}

/**
 * U_0(nodes, nodes - k) for k = 1..nodes, shape [nodes].
 * @param groups live nodes that cover all experts at the best
 * @param anyFirst whether any live node may be passed first
 * @param mostHosts h among n nodes when `group` live nodes have been passed; does not fall with n
 */
function passLiveNodes(
  nodes: number,
  groups: number,
  anyFirst: boolean,
  mostHosts: (group: number, n: number) => number,
): number[] {
  if (groups > nodes) return new Array<number>(nodes).fill(0);
  const width = nodes + 1;
  // At least so many nodes are left when `group` live ones have been passed.
  const fewestLeft = [nodes];
  for (let group = 0; group < groups; group++) fewestLeft.push(Math.max(0, fewestLeft[group]! - mostHosts(group, nodes - group)));
  // U_{g+1}(n, live) at [n * width + live]
  let next = new Float64Array(width * width).fill(1);
  for (let group = groups - 1; group >= 0; group--) {
    const current = new Float64Array(width * width);
    for (let n = Math.max(1, fewestLeft[group]!); n <= nodes - group; n++) {
      const hosts = Math.min(mostHosts(group, n), n);
      for (let live = groups - group; live <= n; live++) {
        const most = Math.min(hosts, n - live + 1);
        let first = live / n;
        let sum = 0;
        // Terms too small to change the sum end it: together they are below n * first.
        for (let t = 1; t <= most && first > sum * 1e-20; t++) {
          sum += first * next[(n - t) * width + live - 1]!;
          first *= (n - t - live + 1) / (n - t);
        }
        current[n * width + live] = Math.min(sum, anyFirst && hosts > 0 ? next[(n - 1) * width + live - 1]! : 1);
      }
    }
    next = current;
  }
  return Array.from({ length: nodes }, (_, i) => next[nodes * width + nodes - 1 - i]!);
}

/**
 * Slots of the i most spacious nodes together, shape [nodes + 1].
 * @throws RangeError when there is no node or a count is not a positive whole number
 */
export function largestCapacities(slots: readonly number[]): number[] {
  if (slots.length === 0 || !slots.every((count) => Number.isSafeInteger(count) && count >= 1)) {
    throw new RangeError(`slots must be positive whole numbers of at least one node, got [${slots.join(", ")}]`);
  }
  const capacity = [0];
  for (const count of [...slots].sort((a, b) => b - a)) capacity.push(capacity.at(-1)! + count);
  return capacity;
}

/** The lesser of two bounds, for each k. */
export function least(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => Math.min(value, b[i]!));
}

/** A recovery probability is a whole number of failed sets over all of them. */
function wholeSets(bound: readonly number[]): number[] {
  return bound.map((value, i) => {
    const sets = binomial(bound.length, i + 1);
    return sets <= WHOLE_COUNT_LIMIT ? Math.floor(value * sets + 1e-3) / sets : value;
  });
}
