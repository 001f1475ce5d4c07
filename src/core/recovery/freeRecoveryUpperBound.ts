import { coveringBound, gapBound, largestCapacities, least, wholeSets } from "./coveringBound.ts";
import { enoughSlots } from "./enoughSlots.ts";

/**
 * Upper bound on the recovery probability of every placement of some experts, whatever their replica counts.
 *
 * Only the rarest expert that g live nodes leave uncovered counts, for each g, and its replicas h_g cost at least h_g slots for each
 * expert from there to the next rarest. Where the ways to divide the slots into such h_g are few, the best is found by trial;
 * else two bounds are taken together, see `anyDivisionBound`. Live nodes with fewer slots than experts are dead in any case.
 *
 * @param experts experts of a layer (of the largest layer, for several)
 * @param slots slots of each node, shape [nodes]
 * @param effort most divisions of the slots to try, times nodes squared
 * @returns the bound for k = 1..nodes failed nodes, shape [nodes]
 * @throws RangeError when a count is not a positive whole number
 */
export function freeRecoveryUpperBound(experts: number, slots: readonly number[], effort = 2_000_000): number[] {
  if (!Number.isSafeInteger(experts) || experts < 1) {
    throw new RangeError(`experts must be a positive whole number, got ${experts}`);
  }
  const capacity = largestCapacities(slots);
  const nodes = slots.length;
  if (capacity[nodes]! < experts) return new Array<number>(nodes).fill(0);
  const divisions = slotDivisions(experts, capacity, effort / nodes ** 2);
  const bound = divisions?.map((rarest) => coveringBound({ experts, rarest }, capacity)).reduce(most);
  return least(bound ?? anyDivisionBound(experts, capacity), wholeSets(enoughSlots(experts, slots)));
}

/**
 * The ways to divide all slots into ascending counts h_g, one for each live node needed at least; undefined when more than `limit`.
 * @param capacity slots of the i most spacious nodes together, shape [nodes + 1]
 */
function slotDivisions(experts: number, capacity: readonly number[], limit: number): number[][] | undefined {
  const nodes = capacity.length - 1;
  const covered = capacity.filter((slots) => slots < experts);
  const cost = covered.map((slots, group) => (covered[group + 1] ?? experts) - slots);
  const divisions: number[][] = [];
  const divide = (hosts: readonly number[], slots: number): void => {
    const group = hosts.length;
    const fewest = hosts.at(-1) ?? 1;
    if (group === cost.length - 1) {
      divisions.push([...hosts, Math.min(nodes, Math.floor(slots / cost[group]!))]);
      return;
    }
    for (let count = fewest; count <= nodes && count * (experts - covered[group]!) <= slots; count++) {
      if (divisions.length > limit) return;
      divide([...hosts, count], slots - count * cost[group]!);
    }
  };
  divide([], capacity[nodes]!);
  return divisions.length > limit ? undefined : divisions;
}

/**
 * Two bounds that hold for all divisions of the slots. One is the covering bound with nothing but the slots to limit h.
 *
 * The other is the gap bound of the best division. There each h_g but the last costs as many slots as the largest node has, and the
 * last, which is the largest, no more. The gaps between live nodes are exchangeable, so the bound is symmetric in the h_g, and it grows when
 * two of them move towards each other: for each sum of the two gaps, the pairs of gaps gained are at least those lost. So
 * given the last count the others are best equal, up to one.
 */
function anyDivisionBound(experts: number, capacity: readonly number[]): number[] {
  const nodes = capacity.length - 1;
  const [perNode, slots] = [capacity[1]!, capacity[nodes]!];
  const groups = Math.ceil(experts / perNode);
  const lastGroup = experts - (groups - 1) * perNode;
  const even = Math.floor(slots / experts);
  let best = new Array<number>(nodes).fill(0);
  for (let from = even, to = even; from <= nodes; from = to + 1, to = from < 2 * even + 8 ? from : Math.min(nodes, 2 * from)) {
    // The last group has `from` to `to` hosts: most often one number. Of several the last group gets the most hosts and the
    // others what the fewest leave them, which can only raise the bound.
    const others = Math.min(Math.floor((slots - lastGroup * from) / perNode), (groups - 1) * to);
    if (others < groups - 1) break;
    const hosts = Array.from({ length: groups - 1 }, (_, group) => Math.floor((others + group) / (groups - 1)));
    best = most(best, gapBound([...hosts, to], nodes));
    // Groups that cost the same are best equal.
    if (lastGroup === perNode && from > even) break;
  }
  const unlimited = capacity.filter((covered) => covered < experts).map(() => nodes);
  return least(best, coveringBound({ experts, rarest: unlimited }, capacity));
}

function most(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => Math.max(value, b[i]!));
}
