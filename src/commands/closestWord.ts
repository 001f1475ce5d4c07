/** What somebody probably meant to type. */

/** The word with the fewest edits, if these are few enough to be a slip of the finger. */
export function closestWord(typed: string, words: readonly string[]): string | undefined {
  const scored = words.map((word) => ({ word, edits: editDistance(typed, word) }));
  const best = scored.reduce((a, b) => (b.edits < a.edits ? b : a));
  return best.edits <= Math.max(2, Math.floor(best.word.length / 3)) ? best.word : undefined;
}

/** Insertions, deletions and substitutions between two words (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
