/** Draws changes spread evenly over folders, and in a folder over its files. */
import { type RandomSource, shuffle } from "../../core/algorithms/random.ts";
import type { Change } from "./changes.ts";

/**
 * @param changes by folder; all of them where fewer than `count`
 * @returns in rounds: one of every folder, then another of every folder, and so on, so that the first of them are a sample too
 */
export function drawChanges(changes: ReadonlyMap<string, readonly Change[]>, count: number, random: RandomSource): Change[] {
  const byFolder = [...changes.values()].map((all) => {
    const byFile = shuffle([...groupedBy(all, ({ file }) => file).values()], random);
    return dealt(byFile.map((ofFile) => shuffle(ofFile, random)));
  });
  return dealt(byFolder).slice(0, count);
}

/** Items by what they have in common, in the order in which it comes up. */
export function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** The first of every list, then the second of every list, and so on. */
function dealt<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
