import { binomial } from "./hypergeometric.ts";

/** Up to this many failed sets, rounding errors are far below one set, and a bound is lowered to a whole number of sets. */
const WHOLE_COUNT_LIMIT = 1e9;

/** What the bound needs to know of a layer. Capacity is the slots of the i most spacious nodes together, shape [nodes + 1]. */
interface Demand {
  readonly experts: number;
  /** Most replicas that the rarest expert has which g live nodes leave uncovered, for all g that do not cover all experts. */
  readonly rarest: readonly number[];
}

/**
 * Upper bound on the recovery probability of every placement with the given replica counts.
 *
 * The part of the proof of Lazarus' Theorem 1 that holds: order the n nodes left with the hosts of their rarest uncovered
 * expert first. The first of R live nodes must be one of those h hosts, say the t-th. It covers as many experts as it has
 * slots, and the rest must be covered by R - 1 live nodes among n - t:
 * `U_g(n, R) = sum over t = 1..h of C(n - t, R - 1) / C(n, R) * U_{g+1}(n - t, R - 1)` after g live nodes, and 1 once no
 * expert can be left. The rarest expert left has no more replicas than the one that is rarest when the g most spacious
 * nodes have taken their slots off the sorted list. Beyond the paper: nor more than its share of the slots of n nodes.
 *
 * @param layers replicas of each expert, shape [layers][experts]; the layers fail together, so the least bound counts
 * @param slots slots of each node, shape [nodes]; they may differ
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 * @throws RangeError when a count is negative or not whole, or there is no layer, no expert or no node
 */
export function recoveryUpperBound(layers: readonly (readonly number[])[], slots: readonly number[]): number[] {
  if (layers.length === 0) throw new RangeError("an upper bound needs at least one layer");
  const capacity = largestCapacities(slots);
  for (const replicas of layers) {
    if (replicas.length === 0 || !replicas.every((count) => Number.isSafeInteger(count) && count >= 0)) {
      throw new RangeError(`replicas must be whole numbers of at least one expert, got [${replicas.join(", ")}]`);
    }
  }
  const demands = layers.map((replicas) => demandOf(replicas, capacity));
  return wholeSets(
    strictest(demands)
      .map((demand) => slotSharingBound(demand, capacity))
      .reduce(least),
  );
}

/**
 * Upper bound on the recovery probability of every placement of some experts, whatever their replica counts.
 *
 * Two bounds hold together: the recursion of `recoveryUpperBound` with only the slots to limit h, and the recursion with
 * the best fixed counts. In the latter only the rarest expert of each c matters (c: slots of the largest node), so a group's
 * count h_g costs c * h_g slots, and less in the last group when c does not divide the experts. Written as
 * `U = Pr[T_g <= h_g for every group g]`, T_g the gaps between consecutive live nodes in a random order, U is symmetric and
 * grows when two h_g move towards each other: with sum s of two gaps fixed, the pairs (T, T') gained are at least those lost
 * for every s. Hence given the last group's count the other groups are best equal, up to one.
 *
 * @param experts experts of a layer (of the largest layer, for several)
 * @param slots slots of each node, shape [nodes]
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 * @throws RangeError when a count is not a positive whole number
 */
export function freeRecoveryUpperBound(experts: number, slots: readonly number[]): number[] {
  if (!Number.isSafeInteger(experts) || experts < 1)
    throw new RangeError(`experts must be a positive whole number, got ${experts}`);
  const capacity = largestCapacities(slots);
  const unlimited = demandOf(new Array<number>(experts).fill(slots.length), capacity);
  return wholeSets(least(slotSharingBound(unlimited, capacity), bestCountsBound(experts, capacity)));
}

function demandOf(replicas: readonly number[], capacity: readonly number[]): Demand {
  const ascending = [...replicas].sort((a, b) => a - b);
  const covered = capacity.filter((slots) => slots < replicas.length);
  return { experts: replicas.length, rarest: covered.map((slots) => ascending[slots]!) };
}

/** Demands that no other exceeds throughout: the bound only grows with the replicas and falls with the experts. */
function strictest(demands: readonly Demand[]): Demand[] {
  const kept: Demand[] = [];
  for (const demand of [...demands].sort((a, b) => b.experts - a.experts || total(a.rarest) - total(b.rarest))) {
    const exceeded = kept.some(({ rarest }) => demand.rarest.every((count, group) => count >= rarest[group]!));
    if (!exceeded) kept.push(demand);
  }
  return kept;
}

function slotSharingBound({ experts, rarest }: Demand, capacity: readonly number[]): number[] {
  return coveringBound(capacity.length - 1, rarest.length, (group, n) =>
    Math.min(rarest[group]!, Math.floor(capacity[n]! / (experts - capacity[group]!))),
  );
}

function bestCountsBound(experts: number, capacity: readonly number[]): number[] {
  const nodes = capacity.length - 1;
  const [perNode, slots] = [capacity[1]!, capacity[nodes]!];
  const groups = Math.ceil(experts / perNode);
  const lastGroup = experts - (groups - 1) * perNode;
  const even = Math.floor(slots / experts);
  let best = new Array<number>(nodes).fill(0);
  if (even === 0) return best;
  for (let from = even, to = even; from <= nodes; from = to + 1, to = from < 2 * even + 8 ? from : Math.min(nodes, 2 * from)) {
    // The last group has `from` to `to` hosts: most often one number. Of several the last group gets the most hosts and the
    // others what the fewest leave them, which can only raise the bound.
    const others = Math.min(Math.floor((slots - lastGroup * from) / perNode), (groups - 1) * to);
    if (others < groups - 1) break;
    const bound = coveringBound(nodes, groups, (group) => (group === 0 ? to : Math.floor((others + group - 1) / (groups - 1))));
    best = best.map((value, i) => Math.max(value, bound[i]!));
    // Groups that cost the same are best equal.
    if (lastGroup === perNode && from > even) break;
  }
  return best;
}

/**
 * U_0(nodes, live) of `recoveryUpperBound` for k = nodes - live = 1..nodes, shape [nodes].
 * @param groups live nodes that cover all experts at the best
 * @param mostHosts most hosts, among n nodes, of the rarest expert that `group` live nodes leave uncovered
 */
function coveringBound(nodes: number, groups: number, mostHosts: (group: number, n: number) => number): number[] {
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
        current[n * width + live] = Math.min(1, sum);
      }
    }
    next = current;
  }
  return Array.from({ length: nodes }, (_, i) => next[nodes * width + nodes - 1 - i]!);
}

function largestCapacities(slots: readonly number[]): number[] {
  if (slots.length === 0 || !slots.every((count) => Number.isSafeInteger(count) && count >= 1)) {
    throw new RangeError(`slots must be positive whole numbers of at least one node, got [${slots.join(", ")}]`);
  }
  const capacity = [0];
  for (const count of [...slots].sort((a, b) => b - a)) capacity.push(capacity.at(-1)! + count);
  return capacity;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function least(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => Math.min(value, b[i]!));
}

/** A recovery probability is a whole number of failed sets over all of them. */
function wholeSets(bound: readonly number[]): number[] {
  return bound.map((value, i) => {
    const sets = binomial(bound.length, i + 1);
    return sets <= WHOLE_COUNT_LIMIT ? Math.floor(value * sets + 1e-3) / sets : value;
  });
}
