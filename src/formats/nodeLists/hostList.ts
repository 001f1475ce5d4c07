/** Slurm host lists: `gpu[003-007,012],login1` stands for seven nodes. */
import { UnitError } from "../units.ts";

const MOST_HOSTS = 100_000;
/** Longest name that DNS knows. */
const LONGEST_NAME = 253;

/**
 * The names that a host list stands for, each once, in its order. Names stand between commas or blanks; brackets hold
 * numbers and ranges, and a range keeps the leading zeros of its first number. A name may have several brackets.
 * @throws UnitError
 */
export function expandHostList(text: string): string[] {
  const names = new Set<string>();
  for (const word of splitOutsideBrackets(text)) {
    for (const name of expandWord(word)) names.add(name);
    if (names.size > MOST_HOSTS) throw tooMany();
  }
  if (names.size === 0) throw malformed();
  return [...names];
}

/** Words between commas or blanks; empty ones are refused unless blanks made them. */
function splitOutsideBrackets(text: string): string[] {
  const words = [""];
  for (const [piece] of text.trim().matchAll(/[^\s,[\]]+|\[[^[\]]*\]|\s*,\s*|\s+|./g)) {
    if (/^[\s,]/.test(piece)) words.push("");
    else words[words.length - 1] += piece;
  }
  // A comma may end the list.
  if (words.at(-1) === "") words.pop();
  if (words.includes("")) throw malformed();
  return words;
}

function expandWord(word: string): string[] {
  if (word.split("[").length > LONGEST_NAME) throw malformed();
  const match = /^([^[\]]*)\[([^[\]]+)\](.*)$/.exec(word);
  if (match === null) {
    if (/[[\]]/.test(word)) throw malformed();
    if (word.length > LONGEST_NAME) throw new UnitError(`expected host names of at most ${LONGEST_NAME} characters`);
    return [word];
  }
  const [, prefix = "", list = "", rest = ""] = match;
  const endings = rest === "" ? [""] : expandWord(rest);
  const names: string[] = [];
  for (const part of list.split(",")) {
    const numbers = numbersOf(part);
    if (names.length + numbers.length * endings.length > MOST_HOSTS) throw tooMany();
    for (const number of numbers) for (const ending of endings) names.push(prefix + number + ending);
  }
  return names;
}

function numbersOf(part: string): string[] {
  const match = /^\s*(\d{1,9})(?:-(\d{1,9}))?\s*$/.exec(part);
  if (match === null) throw malformed();
  const [, first = "", last = first] = match;
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > MOST_HOSTS) throw malformed();
  return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, "0"));
}

function malformed(): UnitError {
  return new UnitError("expected names between commas such as node3,node7 or gpu[003-007,012]");
}

function tooMany(): UnitError {
  return new UnitError(`expected at most ${MOST_HOSTS} nodes`);
}
