/** Which nodes of the old placement the live ones stand for: after a failure, the part that is missed least is left out. */

import { FREE_SLOT, hostSets, type LayerPlacement, type Placement } from "../layout/placement.ts";
import { MOST_SEARCHED_NODES } from "../placement/resilient/divideCluster.ts";
import { maskOf } from "../placement/resilient/subsets.ts";
import { SurvivalTable } from "../placement/resilient/survivalTable.ts";
import type { FailureUnits } from "../recovery/failureUnits.ts";
import { minimalHostSets } from "../recovery/minimalHostSets.ts";
import type { Survivors } from "./survivors.ts";

/**
 * The parts that live nodes play as they are: their own, and joined nodes those of failed ones of the same shape.
 * @returns old node whose part each live node plays, -1 for none; shape [live nodes]
 */
export function ownParts(old: Placement, { cluster, oldNode }: Survivors): number[] {
  const waiting = [...old.cluster.keys()].filter((node) => !oldNode.includes(node));
  return cluster.map((_, n) => {
    if (oldNode[n] !== -1) return oldNode[n]!;
    const at = waiting.findIndex((failed) => hasShape(old, failed, cluster[n]!));
    return at < 0 ? -1 : waiting.splice(at, 1)[0]!;
  });
}

/**
 * Changes parts one by one as long as that makes the job survive more; of changes that are equally good, the one that
 * moves the fewest replicas. Greedy.
 * @param parts as `ownParts` returns them
 * @param leastGain of survival that is worth moving a node's experts
 * @returns the same, changed where it helps; undefined on clusters too large to tell
 */
export function betterParts(
  old: Placement,
  survivors: Survivors,
  parts: readonly number[],
  { unitOfNode, count, probability }: FailureUnits,
  leastGain: number,
): number[] | undefined {
  const { cluster, layers } = survivors;
  if (cluster.length > MOST_SEARCHED_NODES) return undefined;
  // What is inside another set stays inside it whoever plays the parts.
  const sets = minimalHostSets(old.layers.flatMap(hostSets), old.cluster.length);
  const table = new SurvivalTable(unitOfNode, new Array<number>(count).fill(probability), 1);
  const lostWith = (played: readonly number[]): number => {
    const live = sets.map((set) => maskOf([...played.keys()].filter((n) => set.includes(played[n]!))));
    if (live.includes(0)) return 1;
    for (const set of live) table.add(set);
    const { lost } = table;
    for (const set of live) table.remove(set);
    return lost;
  };
  const arrivals = (n: number, part: number) =>
    part < 0 ? 0 : layers.reduce((sum, layer, l) => sum + missing(old.layers[l]!.nodes[part]!, layer, n), 0);
  let best = [...parts];
  for (let lost = lostWith(best); ; ) {
    let found: { parts: number[]; lost: number; moves: number } | undefined;
    for (const [n, node] of cluster.entries()) {
      for (const part of old.cluster.keys()) {
        if (part === best[n] || !hasShape(old, part, node)) continue;
        const changed = best.with(n, part);
        const changedLost = lostWith(changed);
        if (changedLost >= lost - leastGain || changedLost > (found?.lost ?? 1)) continue;
        const moves = arrivals(n, part) - arrivals(n, best[n]!);
        if (found && changedLost === found.lost && moves >= found.moves) continue;
        found = { parts: changed, lost: changedLost, moves };
      }
    }
    if (found === undefined) return best;
    best = found.parts;
    lost = found.lost;
  }
}

function hasShape(old: Placement, part: number, { slots, gpus }: Placement["cluster"][number]): boolean {
  return old.cluster[part]!.slots === slots && old.cluster[part]!.gpus === gpus;
}

/** Experts of a part that a live node does not hold. */
function missing(part: readonly number[], layer: LayerPlacement, node: number): number {
  return part.reduce((count, expert) => count + (expert === FREE_SLOT || layer.nodes[node]!.includes(expert) ? 0 : 1), 0);
}
