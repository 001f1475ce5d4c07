/** The command line: finds the command, parses its options, and turns what was thrown into one line and an exit code. */
import { Parser } from "yargs/helpers";
import { cleanText } from "./cleanText.ts";
import { closestWord, didYouMean } from "./commands/closestWord.ts";
import type { Command } from "./commands/command.ts";
import { commandHelp, operandName, overview, standardOptions } from "./commands/help.ts";
import { setManner } from "./commands/manner.ts";
import { refuseIdle } from "./commands/needs.ts";
import { optionValues } from "./commands/option.ts";
import { allCommands, commandNames, loadCommand } from "./commands/table.ts";
import { Infeasible } from "./core/layout/infeasible.ts";
import { InputError, IoError, MachineError, OutputClosed, quoteInput, shownName, UsageError } from "./errors.ts";
import { waitsForTyping } from "./io/input.ts";
import { sameOutput } from "./io/outputPlace.ts";
import { version } from "./version.ts";

/** Runs a command line without the program's own name; the result is the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    return await dispatch(words);
  } catch (error) {
    return report(error);
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const [topic] = rest;
    if (topic !== undefined) checkCommandName(topic);
    process.stdout.write(topic === undefined ? overview(await allCommands()) : commandHelp(await loadCommand(topic)));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    process.stdout.write(`lazarus ${version}\n`);
    return 0;
  }
  if (name.startsWith("-")) {
    const otherwise = "; options come after the command, as in `lazarus place --format table`";
    throw new UsageError(
      `there is no option ${shownName(name)} without a command${didYouMean(name, ["--help", "--version"], otherwise)}`,
    );
  }
  checkCommandName(name);
  return runCommand(await loadCommand(name), rest);
}

function checkCommandName(name: string): void {
  if (commandNames.includes(name)) return;
  throw new UsageError(
    `there is no command ${quoteInput(name)}${didYouMean(name, commandNames, "; `lazarus --help` lists them")}`,
  );
}

async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const typed = parse(command, words);
  if (typed["help"] === true) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  if (typed["version"] === true) {
    process.stdout.write(`lazarus ${version}\n`);
    return 0;
  }
  const operands = typed["_"] as string[];
  const expected = operandName(command);
  const { color, quiet, verbose } = optionValues(standardOptions, typed);
  if (quiet && verbose) throw new UsageError("--quiet and --verbose contradict each other; give one of them");
  setManner({ color, quiet, verbose });
  const options = optionValues(command.options, typed);
  refuseIdle(command.needs ?? [], typed, options);
  refuseOneFileTwice(command, options);
  const most = expected === undefined ? 0 : command.takesSeveral?.(options) ? Number.POSITIVE_INFINITY : 1;
  if (operands.length > most) {
    const got = operands.map(quoteInput).join(", ");
    throw new UsageError(`${command.name} takes ${expected === undefined ? "options only" : `one ${expected}`}, got ${got}`);
  }
  if (command.input !== undefined && (command.readsInput?.(options) ?? true) && waitsForTyping(operands[0])) {
    process.stderr.write(commandHelp(command));
    return 2;
  }
  return command.run(options, operands[0], operands.slice(1), new Set(Object.keys(typed)));
}

/** One of two results in one file would be lost. */
function refuseOneFileTwice(command: Command, options: Readonly<Record<string, unknown>>): void {
  const written = Object.entries(command.options).flatMap(([name, { writes }]) => {
    const file = options[name] ?? (name === "output" ? "-" : undefined);
    return writes === true && typeof file === "string" ? [{ name, file }] : [];
  });
  const same = sameOutput(written);
  if (same !== undefined) throw new UsageError(`--${same.join(" and --")} would go to the same place; name another file`);
}

function parse(command: Command, words: readonly string[]): Record<string, unknown> {
  const table = Object.entries({ ...command.options, ...standardOptions });
  const withArgument = table.filter(([, { argument }]) => argument !== undefined).map(([name]) => name);
  const { argv, error } = Parser.detailed([...words], {
    alias: Object.fromEntries(table.flatMap(([name, { letter }]) => (letter === undefined ? [] : [[name, letter]]))),
    string: [...withArgument, "_"],
    boolean: table.flatMap(([name, { argument }]) => (argument === undefined ? [name] : [])),
    narg: Object.fromEntries(withArgument.map((name) => [name, 1])),
    configuration: {
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "greedy-arrays": false,
      "strip-aliased": true,
    },
  });
  const names = table.map(([name]) => name);
  const unknown = Object.keys(argv).find((name) => name !== "_" && !names.includes(name));
  if (unknown !== undefined) {
    const meant = closestWord(unknown, names);
    throw new UsageError(
      `there is no option ${unknown.length === 1 ? "-" : "--"}${shownName(unknown)}${meant === undefined ? "; --help lists them" : `; did you mean --${meant}?`}`,
    );
  }
  const lacking = /^Not enough arguments following: (.+)$/.exec(error?.message ?? "")?.[1];
  for (const [name, { letter, argument }] of table) {
    if (lacking === name || lacking === (letter ?? name)) throw new UsageError(`--${name} needs a value: ${argument}`);
  }
  if (error != null) throw new UsageError(error.message.replace(/\s*\n\s*/g, " "));
  return argv;
}

function report(error: unknown): number {
  if (error instanceof OutputClosed) return 0;
  if (error instanceof InputError) {
    return complain(`${error.location}: ${error.message}`, 2);
  }
  // What the core refuses, the user asked for; any other RangeError is a bug.
  if (error instanceof UsageError || error instanceof Infeasible) return complain(error.message, 2);
  if (error instanceof IoError || error instanceof MachineError) return complain(error.message, 1);
  const trace = String(error instanceof Error ? error.stack : error)
    .split("\n")
    .map(cleanText)
    .join("\n");
  process.stderr.write(`lazarus: this is a bug in lazarus; please report it with the command line and this trace\n${trace}\n`);
  return 1;
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`lazarus: ${cleanText(message)}\n`);
  return exitCode;
}
