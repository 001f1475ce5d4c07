/** Host sets near to what survived: the least that has to change before training can go on as it went before. */
import { fillFreeSlots } from "../placement/resilient/fillFreeSlots.ts";
import { hostSets, type LayerLoads, type Placement } from "../placement.ts";
import { evenHosts } from "./evenHosts.ts";
import type { Survivors } from "./survivors.ts";

/** What to repair, and what the outcome has to keep. */
export interface RepairProblem {
  readonly old: Placement;
  readonly survivors: Survivors;
  /** Loads to place by, of the survivors' layers. */
  readonly loads: readonly LayerLoads[];
  /** Hosts that every expert must have at least. */
  readonly minReplicas: number;
  /** Most tokens per GPU that any node may have to compute, over the mean. */
  readonly balanceLimit: number;
  /** Most tokens of one expert that each of its hosts may have to compute, over the mean per GPU. */
  readonly shareLimit: number;
  /** Is called before each layer. */
  readonly watch?: (() => void) | undefined;
}

/**
 * Host sets of all layers for a placement without copies on one node. What live nodes hold stays there, but for this:
 *
 * 1. A joined node takes the part of a failed one of the same shape.
 * 2. Experts with too few hosts get more, in free slots or in those of experts with most hosts.
 * 3. Free slots go to the experts with most tokens.
 * 4. Where a node is too busy, hot experts exchange their host sets with cold ones.
 *
 * Greedy: that no other host sets within the limits are nearer is not proven.
 * @returns nodes of each expert, ascending, shape [layers][experts][hosts]; undefined when it finds none within the limits
 */
export function repairHosts(problem: RepairProblem): number[][][] | undefined {
  const { old, survivors, loads, minReplicas } = problem;
  const { cluster } = survivors;
  const slots = cluster.map((node) => node.slots);
  const gpus = cluster.map((node) => node.gpus);
  const replaced = replacedNodes(old, survivors);
  const repaired: number[][][] = [];
  for (const [l, { loads: tokens }] of loads.entries()) {
    problem.watch?.();
    const hosts = hostSets(survivors.layers[l]!);
    const before = old.layers[l]!.nodes;
    replaced.forEach((failed, node) => {
      if (failed >= 0) for (const expert of new Set(before[failed])) hosts[expert]?.push(node);
    });
    if (!raiseToMinimum(hosts, slots, minReplicas)) return undefined;
    const filled = fillFreeSlots(hosts, tokens, slots);
    const even = evenHosts(filled, { ...problem, loads: tokens, gpus, held: survivors.holders[l]! });
    if (even === undefined) return undefined;
    repaired.push(even);
  }
  return repaired;
}

/** Failed node of the old placement whose part each live node takes, -1 for none; shape [live nodes]. */
function replacedNodes(old: Placement, { cluster, oldNode }: Survivors): number[] {
  const waiting = [...old.cluster.keys()].filter((node) => !oldNode.includes(node));
  return cluster.map((node, n) => {
    if (oldNode[n] !== -1) return -1;
    const at = waiting.findIndex((failed) => {
      const { slots, gpus } = old.cluster[failed]!;
      return slots === node.slots && gpus === node.gpus;
    });
    return at < 0 ? -1 : waiting.splice(at, 1)[0]!;
  });
}

/** Gives hosts to experts that have too few of them, fewest first; false when there is no room. */
function raiseToMinimum(hosts: number[][], slots: readonly number[], minReplicas: number): boolean {
  const free = [...slots];
  for (const set of hosts) for (const node of set) free[node]!--;
  const poor = [...hosts.keys()].filter((expert) => hosts[expert]!.length < minReplicas);
  for (const expert of poor.sort((a, b) => hosts[a]!.length - hosts[b]!.length || a - b)) {
    const set = hosts[expert]!;
    while (set.length < minReplicas) {
      const absent = slots.flatMap((_, node) => (set.includes(node) ? [] : [node]));
      const roomy = absent.reduce((best, node) => (free[node]! > (best < 0 ? 0 : free[best]!) ? node : best), -1);
      if (roomy >= 0) {
        free[roomy]!--;
        set.push(roomy);
        continue;
      }
      const rich = hosts.reduce(
        (best, other, e) =>
          other.length > (best < 0 ? minReplicas : hosts[best]!.length) && other.some((node) => !set.includes(node)) ? e : best,
        -1,
      );
      if (rich < 0) return false;
      const giving = hosts[rich]!.find((node) => !set.includes(node))!;
      hosts[rich]!.splice(hosts[rich]!.indexOf(giving), 1);
      set.push(giving);
    }
    set.sort((a, b) => a - b);
  }
  return true;
}
