/** The text behind --help, rendered from a command's own data. */

import { screenWidth } from "../report/screen.ts";
import type { Command, Example } from "./command.ts";
import { choice, type Option, toggle } from "./option.ts";

/** Longer lines are hard to read. */
const WIDEST = 100;

/** The toolkit in one line. */
export const tagline = "place experts, dispatch tokens and recover from failures in Mixture-of-Experts training";

/** What the toolkit is for, in two command lines. */
export const overviewExamples: readonly Example[] = [
  {
    says: "From a routing log to a table of who sends which tokens where",
    line: "lazarus profile-load routing.csv | lazarus place -n 10 -c 6 | lazarus dispatch-plan",
  },
  { says: "Two nodes died: what survives, and what moves where", line: "lazarus recover placement.json --failed node3,node7" },
];

/** Options that every command has and the command line itself takes care of. */
export const standardOptions = {
  color: choice({
    choices: ["auto", "always", "never"],
    fallback: "auto",
    says: "Whether tables are coloured: auto goes by NO_COLOR, then FORCE_COLOR, then whether the output is a terminal.",
  }),
  quiet: toggle({ letter: "q", says: "No warnings and no progress on standard error; errors only." }),
  verbose: toggle({ letter: "v", says: "Also say on standard error what was read and done." }),
  help: toggle({ letter: "h", says: "Show this text." }),
  version: toggle({ says: "Show the version." }),
};

/** Exit codes that mean the same in every command. */
export const commonExitCodes: Readonly<Record<number, string>> = {
  0: "Done.",
  1: "Failed: a file or pipe could not be read or written, or a check did not pass.",
  2: "The command line or the input is not as expected; nothing was written.",
};

/** Help of one command: examples first. */
export function commandHelp(command: Command): string {
  const lines = [`lazarus ${command.name}: ${command.summary}`, "", ...exampleLines(command.examples)];
  lines.push("", `Usage: ${usageLine(command)}`, "");
  for (const paragraph of command.description) lines.push(...wrapped(paragraph, 0), "");
  lines.push("Options:");
  for (const [name, entry] of Object.entries({ ...command.options, ...standardOptions })) lines.push(...optionHelp(name, entry));
  lines.push("", "Exit codes:");
  for (const [code, says] of Object.entries({ ...commonExitCodes, ...command.exitCodes })) lines.push(`  ${code}  ${says}`);
  return `${lines.join("\n")}\n`;
}

/** Help of the whole toolkit. */
export function overview(commands: readonly Command[]): string {
  const lines = [
    `lazarus: ${tagline}`,
    "",
    ...exampleLines(overviewExamples),
    "",
    "Usage: lazarus <command> [FILE] [options]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`),
    "",
    ...wrapped(
      "Every command reads one document, JSON or CSV, from FILE or standard input and writes one to standard output. `lazarus <command> --help` explains a command; `man lazarus` and `man lazarus-<command>` say the same.",
      0,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function exampleLines(examples: readonly Example[]): string[] {
  return ["Examples:", ...examples.flatMap(({ says, line }) => [`  # ${says}`, `  ${line}`])];
}

/** What stands after the command: FILE, a word of its own, or nothing. */
export function operandName({ input, operand }: Command): string | undefined {
  return operand ?? (input === undefined ? undefined : "FILE");
}

/** How a command is called, in one line. */
export function usageLine(command: Command): string {
  const operand = operandName(command);
  const several = command.takesSeveral === undefined ? "" : "...";
  return `lazarus ${command.name}${operand === undefined ? "" : ` [${operand}${several}]`} [options]`;
}

/** An option as it is typed: `-n, --nodes N`. */
export function optionSpelling(name: string, entry: Option): string {
  const letter = entry.letter === undefined ? "" : `-${entry.letter}, `;
  return `${letter}--${name}${entry.argument === undefined ? "" : ` ${entry.argument}`}`;
}

function optionHelp(name: string, entry: Option): string[] {
  const fallback = entry.fallback === undefined ? "" : ` (default: ${entry.fallback})`;
  return [`  ${optionSpelling(name, entry)}`, ...wrapped(entry.says + fallback, 6)];
}

/** Breaks a paragraph into lines at blanks. */
function wrapped(paragraph: string, indent: number): string[] {
  const width = screenWidth(process.stdout.columns);
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > Math.min(width, WIDEST)) {
      lines.push(" ".repeat(indent) + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, " ".repeat(indent) + line];
}
