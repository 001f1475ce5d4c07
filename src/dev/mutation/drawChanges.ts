/** Draws changes spread evenly over folders, and in a folder over its files. */
import { type RandomSource, shuffle } from "../../core/algorithms/random.ts";
import type { Change } from "./changes.ts";

/**
 * @param changes by folder; all of them where fewer than `count`
 * @returns by folder, in the order of the draw
 */
export function drawChanges(
  changes: ReadonlyMap<string, readonly Change[]>,
  count: number,
  random: RandomSource,
): Map<string, Change[]> {
  const queues = [...changes].map(([folder, all]) => {
    const byFile = shuffle([...groupedBy(all, ({ file }) => file).values()], random);
    const files = byFile.map((ofFile) => shuffle(ofFile, random));
    return { folder, queue: dealt(files), drawn: [] as Change[] };
  });
  let left = count;
  for (let round = 0; left > 0 && queues.some(({ queue }) => round < queue.length); round++) {
    for (const { queue, drawn } of queues) {
      if (left === 0 || round >= queue.length) continue;
      drawn.push(queue[round]!);
      left--;
    }
  }
  return new Map(queues.map(({ folder, drawn }) => [folder, drawn]));
}

/** Items by what they have in common, in the order in which it comes up. */
export function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The first of every list, then the second of every list, and so on. */
function dealt<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
