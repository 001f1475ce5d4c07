/** Which node somebody probably meant. */
import { closestWord } from "./closestWord.ts";

/**
 * The node whose name is as good as the typed one, but for case, zeros in front of numbers, or a domain behind; else one with
 * the same numbers and a slip of the finger in its letters. Another number is another node, never a slip.
 */
export function closestNode(typed: string, names: readonly string[]): string | undefined {
  for (const plain of [plainName, (name: string) => plainName(name.split(".")[0]!)]) {
    const alike = names.filter((name) => plain(name) === plain(typed));
    if (alike.length > 0) return alike.length === 1 ? alike[0] : undefined;
  }
  const numbers = numbersOf(typed);
  const same = names.filter((name) => numbersOf(name) === numbers);
  return same.length === 0 ? undefined : closestWord(typed.toLowerCase(), same);
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/0+(?=\d)/g, "");
}

function numbersOf(name: string): string {
  return (name.match(/\d+/g) ?? []).map(Number).join();
}
