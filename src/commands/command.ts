/** What a subcommand is. */
import type { Need } from "./needs.ts";
import type { OptionTable, OptionValues } from "./option.ts";

/** A command line and what it is good for. */
export interface Example {
  readonly says: string;
  readonly line: string;
}

/** One subcommand: everything that help texts, man pages and the parser need, and what it does. */
export interface Command<T extends OptionTable = OptionTable> {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Examples come first in every help text. */
  readonly examples: readonly Example[];
  /** Paragraphs about what goes in, what comes out and how. */
  readonly description: readonly string[];
  /** What FILE is; a command without it reads nothing. */
  readonly input?: string;
  /** Whether these options let several FILEs be read, one after the other; false without it. */
  readonly takesSeveral?: (options: OptionValues<T>) => boolean;
  /** What stands after the command, when it is not a FILE. */
  readonly operand?: string;
  /** The only words that it may be. */
  readonly operandChoices?: readonly string[];
  readonly options: T;
  /** Whether these options leave something to read from FILE or standard input; true without it. */
  readonly readsInput?: (options: OptionValues<T>) => boolean;
  /** Options that do something only beside others. */
  readonly needs?: readonly Need<OptionValues<T>>[];
  /** Exit codes of its own, besides 0, 1 and 2. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** @param operand FILE, or what stands for it
   *  @param more FILEs after it, where several are taken
   *  @param typed names of the options that were typed; the others have their fallbacks
   *  @returns the exit code */
  run(
    options: OptionValues<T>,
    operand: string | undefined,
    more: readonly string[],
    typed: ReadonlySet<string>,
  ): Promise<number>;
}

/** Ties a command's `run` to the types of its own options. */
export function defineCommand<T extends OptionTable>(command: Command<T>): Command<T> {
  return command;
}
