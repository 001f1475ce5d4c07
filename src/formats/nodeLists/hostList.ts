/** Slurm host lists: `gpu[003-007,012],login1` stands for seven nodes. */
import { quoteInput } from "../../errors.ts";
import { UnitError } from "../units.ts";

const MOST_HOSTS = 100_000;
const EXPECTED = "expected names between commas such as node3,node7 or gpu[003-007,012]";
/** Longest name that DNS knows. */
const LONGEST_NAME = 253;

/** What a name is made of: DNS's characters, and the underscore, which some clusters use. */
const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.:-]*$/u;

/**
 * The names that a host list stands for, none of which may be there twice: nodes of a cluster.
 * @throws UnitError
 */
export function expandDistinctHosts(text: string): string[] {
  const seen = new Set<string>();
  for (const name of listedHosts(text)) {
    if (seen.has(name)) {
      throw new UnitError(
        `${quoteInput(name)} is named twice; name every node once, and its GPUs and slots by --gpus and --slots`,
      );
    }
    seen.add(name);
  }
  return [...seen];
}

/**
 * The names that a host list stands for, each once, in its order. Names stand between commas or blanks; brackets hold
 * numbers and ranges, and a range keeps the leading zeros of its first number. A name may have several brackets.
 * @throws UnitError
 */
export function expandHostList(text: string): string[] {
  return [...new Set(listedHosts(text))];
}

function listedHosts(text: string): string[] {
  const names: string[] = [];
  for (const word of splitOutsideBrackets(text)) {
    const expanded = expandWord(word);
    if (names.length + expanded.length > MOST_HOSTS) throw tooMany();
    const odd = expanded.find((name) => !HOST_NAME.test(name));
    if (odd !== undefined) {
      const character = Array.from(odd).find((one, i) => !(i === 0 ? HOST_NAME.test(one) : HOST_NAME.test(`a${one}`))) ?? odd;
      throw new UnitError(`${quoteInput(character)} in ${quoteInput(word)} cannot be there in a host's name; ${EXPECTED}`);
    }
    for (const name of expanded) names.push(name);
  }
  if (names.length === 0) throw malformed();
  return names;
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
  if (match === null) {
    if (part.includes("/")) throw new UnitError(`${quoteInput(part)}: steps in a range are not known; ${EXPECTED}`);
    throw malformed();
  }
  const [, first = "", last = first] = match;
  const count = Number(last) - Number(first) + 1;
  if (count < 1) throw new UnitError(`${quoteInput(part)}: the range falls; ${EXPECTED}`);
  if (count > MOST_HOSTS) throw tooMany();
  return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, "0"));
}

function malformed(): UnitError {
  return new UnitError(EXPECTED);
}

function tooMany(): UnitError {
  return new UnitError(`expected at most ${MOST_HOSTS} nodes, such as gpu[003-007,012]`);
}
