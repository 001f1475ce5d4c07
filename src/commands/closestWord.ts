/** What somebody probably meant to type. */

/** The word with the fewest edits, if these are few enough to be a slip of the finger; else the only one that begins so. */
export function closestWord(typed: string, words: readonly string[]): string | undefined {
  const scored = words.map((word) => ({ word, edits: editDistance(typed, word) }));
  const best = scored.reduce((a, b) => (b.edits < a.edits ? b : a));
  if (best.edits <= slips(best.word.length)) return best.word;
  const longer = typed.length > 2 ? words.filter((word) => word.startsWith(typed)) : [];
  return longer.length === 1 ? longer[0] : undefined;
}

/** Beside the words that were expected: the one that was probably meant. */
export function meantInstead(typed: string, words: readonly string[]): string {
  const meant = closestWord(typed, words);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

/** The end of a message about a word that is none of these: the one that was probably meant, if any. */
export function didYouMean(typed: string, words: readonly string[], otherwise = ""): string {
  const meant = closestWord(typed, words);
  return meant === undefined ? otherwise : `; did you mean ${meant}?`;
}

/** Edits that a slip of the finger may make in a word of this length. */
function slips(length: number): number {
  return Math.max(Math.min(2, Math.floor(length / 2)), Math.floor(length / 3));
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(substituted, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
