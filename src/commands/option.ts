/** Options as data: parsing, --help, the man pages and the README all come from these tables. */
import { quoteInput, UsageError } from "../errors.ts";
import { meantInstead } from "./closestWord.ts";

/** One option of a command. */
export interface Option<T = unknown> {
  /** Single-letter form, as `n` for -n. */
  readonly letter?: string;
  /** What stands for the argument in help texts; a switch has none. */
  readonly argument?: string;
  /** One sentence for people. */
  readonly says: string;
  /** Value assumed when the option is absent, as a user would type it. */
  readonly fallback?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** Words that the value may be, or that it may name some of between commas: what shells complete. */
  readonly words?: readonly string[];
  /** Whether commas stand between several of them; otherwise the value may be a file instead. */
  readonly severalWords?: boolean;
  /** Whether the value names a file that is written. */
  readonly writes?: boolean;
  /** Turns what was typed into the value; throws an Error whose message says what was expected. */
  readonly parse: (text: string) => T;
  /** Value of an absent option that has no fallback. */
  readonly absent: T;
}

/** Options of a command by their long names. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The values of a table's options. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

interface Common {
  readonly words?: readonly string[];
  readonly severalWords?: boolean;
  readonly writes?: boolean;
  readonly letter?: string;
  readonly says: string;
}

interface WithArgument<T> extends Common {
  readonly argument: string;
  readonly parse: (text: string) => T;
}

/** An option with an argument and a value assumed without it. */
export function option<T>(given: WithArgument<T> & { readonly fallback: string }): Option<T>;
/** An option with an argument that may be absent. */
export function option<T>(given: WithArgument<T>): Option<T | undefined>;
export function option<T>(given: WithArgument<T> & { readonly fallback?: string }): Option<T | undefined> {
  return { ...given, absent: undefined };
}

/** An option whose argument is one of a few words. */
export function choice<const T extends string>(
  given: Common & { readonly choices: readonly T[]; readonly fallback: T },
): Option<T>;
/** An option whose argument is one of a few words, or absent. */
export function choice<const T extends string>(given: Common & { readonly choices: readonly T[] }): Option<T | undefined>;
export function choice<const T extends string>(
  given: Common & { readonly choices: readonly T[]; readonly fallback?: T },
): Option<T | undefined> {
  const parse = (text: string) => {
    const found = given.choices.find((word) => word === text);
    if (found === undefined) throw new Error(`expected one of ${given.choices.join(", ")}${meantInstead(text, given.choices)}`);
    return found;
  };
  return { ...given, argument: given.choices.join("|"), parse, absent: undefined };
}

/** An option without an argument. */
export function toggle(given: Common): Option<boolean> {
  return { ...given, parse: () => true, absent: false };
}

/**
 * Values of a command's options from what was typed.
 * @param typed text by long name; `true` for a switch; a list when an option stood more than once
 * @throws UsageError naming the option
 */
export function optionValues<T extends OptionTable>(table: T, typed: Readonly<Record<string, unknown>>): OptionValues<T> {
  const values = Object.entries(table).map(([name, entry]) => [name, optionValue(name, entry, typed[name])]);
  return Object.fromEntries(values);
}

function optionValue(name: string, entry: Option, typed: unknown): unknown {
  if (Array.isArray(typed)) throw new UsageError(`--${name} is given ${typed.length} times; give it once`);
  if (entry.argument === undefined) {
    if (typed === undefined) return entry.absent;
    if (typed !== true) throw new UsageError(`--${name} takes no value; give it or leave it out`);
    return entry.parse("");
  }
  const text = typed ?? entry.fallback;
  if (text === undefined) return entry.absent;
  if (text === "") throw new UsageError(`--${name} needs a value: ${entry.argument}`);
  try {
    return entry.parse(String(text));
  } catch (error) {
    throw new UsageError(`--${name}: ${error instanceof Error ? error.message : error}, got ${quoteInput(String(text))}`);
  }
}
