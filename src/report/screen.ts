/** How wide a text is that a person reads. */
import { stripVTControlCharacters } from "node:util";

/** Narrowest and widest that tables are made for, in characters. */
export const NARROWEST = 80;
const WIDEST = 200;

/** Width for a terminal with so many columns; unknown for what is no terminal. */
export function screenWidth(columns: number | undefined): number {
  return Math.min(WIDEST, Math.max(NARROWEST, columns ?? NARROWEST));
}

/** Lines of a sentence no wider than a screen where its words allow, all but the first indented; numbers keep their per cent. */
export function wrapped(sentence: string, width: number, indent = "  "): string {
  const lines: string[] = [];
  for (const word of sentence.split(/ (?!%)/)) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && shownLength(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(lines.length === 0 ? word : `${indent}${word}`);
  }
  return lines.join("\n");
}

/** Characters of a text that are seen: colours take no room. */
export function shownLength(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** A list in which only the worst are shown where it is long. */
export interface Digest<T> {
  readonly shown: readonly T[];
  readonly rest: readonly T[];
}

/** A list up to this long is shown whole. */
const LONGEST = 12;
const WORST = 5;

/**
 * The worst of a long list, in the list's order; all of a short one.
 * @param badness the higher, the worse
 */
export function worstOf<T>(items: readonly T[], badness: (item: T) => number): Digest<T> {
  if (items.length <= LONGEST) return { shown: items, rest: [] };
  const worst = new Set(items.toSorted((a, b) => badness(b) - badness(a)).slice(0, WORST));
  return { shown: items.filter((item) => worst.has(item)), rest: items.filter((item) => !worst.has(item)) };
}
