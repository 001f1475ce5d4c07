/** The man pages, rendered from the commands' own data. */
import type { Command, Example } from "../commands/command.ts";
import { commonExitCodes, optionSpelling, overviewExamples, standardOptions, tagline, usageLine } from "../commands/help.ts";
import { allCommands, commandNames } from "../commands/table.ts";
import { version } from "../version.ts";
import { type Block, manual } from "./manual/manual.ts";

/** File name and roff text of every page. */
export async function manPages(): Promise<Map<string, string>> {
  const commands = await allCommands();
  return new Map([
    ["lazarus.1", overviewPage(commands)],
    ...commands.map((command) => [`lazarus-${command.name}.1`, commandPage(command)] as const),
  ]);
}

function commandPage(command: Command): string {
  const options = Object.entries({ ...command.options, ...standardOptions }).map(([name, entry]): [string, string] => [
    optionSpelling(name, entry),
    entry.says + (entry.fallback === undefined ? "" : ` Default: ${entry.fallback}.`),
  ]);
  return [
    ...title(`lazarus-${command.name}`, command.summary),
    ...section("SYNOPSIS", [bold(usageLine(command))]),
    ...section("EXAMPLES", examples(command.examples)),
    ...section(
      "DESCRIPTION",
      command.description.flatMap((paragraph) => [".PP", escaped(paragraph)]),
    ),
    ...section("OPTIONS", options.flatMap(tagged)),
    ...manualSections(command.name),
    ...section("EXIT STATUS", Object.entries({ ...commonExitCodes, ...command.exitCodes }).flatMap(tagged)),
    ...section("SEE ALSO", [
      seeAlso(["lazarus", ...commandNames.filter((name) => name !== command.name).map((name) => `lazarus-${name}`)]),
    ]),
    "",
  ].join("\n");
}

function overviewPage(commands: readonly Command[]): string {
  return [
    ...title("lazarus", tagline),
    ...section("SYNOPSIS", [bold("lazarus <command> [FILE] [options]")]),
    ...section("EXAMPLES", examples(overviewExamples)),
    ...section("DESCRIPTION", [
      escaped(
        "Every command reads one document from FILE or standard input and writes one to standard output, so that commands can be piped together. What one writes with --format csv the next reads as well as JSON. On a terminal the output is a table for people, on a pipe it is JSON.",
      ),
    ]),
    ...section(
      "COMMANDS",
      commands.flatMap(({ name, summary }) => tagged([`lazarus ${name}`, `${summary}.`])),
    ),
    ...manualSections(""),
    ...section("EXIT STATUS", Object.entries(commonExitCodes).flatMap(tagged)),
    ...section("SEE ALSO", [seeAlso(commandNames.map((name) => `lazarus-${name}`))]),
    "",
  ].join("\n");
}

function manualSections(command: string): string[] {
  return (manual[command] ?? []).flatMap(({ heading, blocks }) => section(heading, blocks.flatMap(block)));
}

function block(content: Block): string[] {
  if (typeof content === "string") return [".PP", escaped(content)];
  if ("list" in content) return content.list.flatMap(tagged);
  return [".PP", ".nf", ".RS 4", ...content.lines.map(escaped), ".RE", ".fi"];
}

/** The header has no date: the same source gives the same page. */
function title(name: string, summary: string): string[] {
  return [
    `.TH "${escaped(name.toUpperCase())}" "1" "" "lazarus ${version}" "Lazarus"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(summary)}`,
  ];
}

function section(heading: string, lines: readonly string[]): string[] {
  return [`.SH ${heading}`, ...lines];
}

function examples(list: readonly Example[]): string[] {
  return list.flatMap(({ says, line }) => [".PP", `${escaped(says)}:`, ".PP", ".nf", ".RS 4", escaped(line), ".RE", ".fi"]);
}

function tagged([tag, text]: readonly [string, string]): string[] {
  return [".TP", bold(tag), escaped(text)];
}

function seeAlso(pages: readonly string[]): string {
  return pages.map((page) => `${bold(page)}(1)`).join(", ");
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

/** Keeps backslashes, hyphens and leading dots or quotes from being read as roff. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}
