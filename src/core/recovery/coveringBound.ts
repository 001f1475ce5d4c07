import { binomial } from "./hypergeometric.ts";

/** Up to this many failed sets, rounding errors are far below one set, and a bound is lowered to a whole number of sets. */
const WHOLE_COUNT_LIMIT = 1e9;

/** Death is as good as impossible below this probability. */
const CERTAIN = 1e-14;

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
export function coveringBound(demand: Demand, capacity: readonly number[]): number[] {
  return forAllFailures(capacity.length - 1, demand.rarest.length, coveringBoundOf(demand, capacity));
}

/** The same for single numbers of live nodes, before it is lowered to a whole number of failed sets. */
export function coveringBoundOf({ experts, rarest }: Demand, capacity: readonly number[]): (live: number) => number {
  return passLiveNodes(capacity.length - 1, rarest.length, true, (group, n) =>
    Math.min(rarest[group]!, Math.floor(capacity[n]! / (experts - capacity[group]!))),
  );
}

/**
 * The paper's recursion by itself, with a given h for each of the live nodes passed. That is the probability that the gaps
 * T_g between consecutive live nodes, in a random order of all, are at most h_g.
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 */
export function gapBound(hosts: readonly number[], nodes: number): number[] {
  return forAllFailures(
    nodes,
    hosts.length,
    passLiveNodes(nodes, hosts.length, false, (group) => hosts[group]!),
  );
}

/** A bound for k = 1..nodes failed nodes, shape [nodes]; where it is as good as one, it is one for fewer failures too. */
function forAllFailures(nodes: number, groups: number, boundOf: (live: number) => number): number[] {
  const bound = new Array<number>(nodes).fill(1);
  for (let live = 0; live < nodes; live++) {
    const value = live < groups ? 0 : boundOf(live);
    if (value >= 1 - CERTAIN) break;
    bound[nodes - 1 - live] = value;
  }
  return wholeSets(bound);
}

/**
 * U_0(nodes, live) of a number of live nodes, in about groups times nodes steps: it depends on U_1(., live - 1),
 * U_2(., live - 2) and so on, and on no other number.
 *
 * With the sums of all terms down to the last node, `P(n, R) = sum over m < n of C(m, R - 1) / C(n, R) * U_{g+1}(m, R - 1)`, which
 * grow from n to n + 1 by one term, the sum of h terms is `P(n, R) - C(n - h, R) / C(n, R) * P(n - h, R)`. That loses little to
 * cancellation: U_{g+1} times C(m, R - 1) counts live sets and grows with m, so the h terms are at least h of n parts of
 * P(n, R), and the relative error stays near n/h times 1e-16, far below what certificates allow for.
 * @param groups live nodes that cover all experts at the best
 * @param anyFirst whether any live node may be passed first
 * @param mostHosts h among n nodes when `group` live nodes have been passed; does not fall with n
 */
function passLiveNodes(
  nodes: number,
  groups: number,
  anyFirst: boolean,
  mostHosts: (group: number, n: number) => number,
): (allLive: number) => number {
  if (groups > nodes) return () => 0;
  // At least so many nodes are left when `group` live ones have been passed, and from there on h is needed.
  const fewestLeft = [nodes];
  for (let group = 0; group < groups; group++) fewestLeft.push(Math.max(0, fewestLeft[group]! - mostHosts(group, nodes - group)));
  const hostsOf = Array.from({ length: groups }, (_, group) =>
    Int32Array.from({ length: nodes + 1 }, (_, n) =>
      n < Math.max(1, fewestLeft[group]!) ? 0 : Math.min(mostHosts(group, n), n),
    ),
  );
  let next = new Float64Array(nodes + 1);
  let current = new Float64Array(nodes + 1);
  const sums = new Float64Array(nodes + 1);
  return (allLive) => {
    if (allLive < groups) return 0;
    next.fill(1);
    for (let group = groups - 1; group >= 0; group--) {
      const live = allLive - group;
      const hosts = hostsOf[group]!;
      const [least, most] = [Math.max(live, fewestLeft[group]!, 1), nodes - group];
      // Terms of fewer nodes than can be left are none.
      const first = Math.max(live, fewestLeft[group + 1]! + 1);
      sums.fill(0, 0, first);
      for (let n = first; n <= most; n++) sums[n] = (sums[n - 1]! * (n - live) + live * next[n - 1]!) / n;
      current.fill(0, 0, least);
      // C(n - hosts, live) / C(n, live), from n to n - 1.
      let ratio = 0;
      for (let n = most; n >= least; n--) {
        const rest = n - hosts[n]!;
        const before = n === most ? -1 : n - hosts[n + 1]! + 1;
        if (rest > before) ratio = choiceRatio(rest, n, live);
        else if (ratio > 0) {
          ratio *= (n + 1) / (n + 1 - live);
          for (let passed = before; passed > rest && ratio > 0; passed--) ratio *= Math.max(0, passed - live) / passed;
        }
        const sum = Math.max(0, sums[n]! - ratio * sums[rest]!);
        current[n] = Math.min(sum, anyFirst && hosts[n]! > 0 ? next[n - 1]! : 1);
      }
      [next, current] = [current, next];
    }
    return next[nodes]!;
  };
}

/** C(rest, chosen) / C(all, chosen). */
function choiceRatio(rest: number, all: number, chosen: number): number {
  if (rest < chosen) return 0;
  let ratio = 1;
  if (chosen < all - rest) for (let i = 0; i < chosen; i++) ratio *= (rest - i) / (all - i);
  else for (let node = all; node > rest; node--) ratio *= (node - chosen) / node;
  return ratio;
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
export function wholeSets(bound: readonly number[]): number[] {
  return bound.map((value, i) => {
    const sets = binomial(bound.length, i + 1);
    return sets <= WHOLE_COUNT_LIMIT ? Math.floor(value * sets + 1e-3) / sets : value;
  });
}
