/** The man pages, rendered from the commands' own data. */
import type { Command, Example } from "../commands/command.ts";
import { commonExitCodes, optionSpelling, overviewExamples, standardOptions, tagline, usageLine } from "../commands/help.ts";
import { allCommands, commandNames } from "../commands/table.ts";
import { manual } from "./manual/manual.ts";
import type { Block } from "./manual/section.ts";
import { manualPage } from "./manualPage.ts";
import { bold, escaped, paragraphs, section, seeAlso, tagged, title, wrapped } from "./roff.ts";
import { manualPages } from "./textsWithExamples.ts";

/** File name and roff text of every page. */
export async function manPages(): Promise<Map<string, string>> {
  const commands = await allCommands();
  const texts = manualPages();
  const names = texts.map(({ name }) => `lazarus-${name}`);
  return new Map([
    ["lazarus.1", overviewPage(commands, names)],
    ...commands.map((command) => [`lazarus-${command.name}.1`, commandPage(command)] as const),
    ...texts.map(({ name, text }) => [`lazarus-${name}.7`, manualPage(text, names)] as const),
  ]);
}

function commandPage(command: Command): string {
  const options = Object.entries({ ...command.options, ...standardOptions }).map(([name, entry]): [string, string] => [
    optionSpelling(name, entry),
    entry.says + (entry.fallback === undefined ? "" : ` Default: ${entry.fallback}.`),
  ]);
  return [
    ...title(`lazarus-${command.name}`, 1, command.summary),
    ...section("SYNOPSIS", [bold(usageLine(command))]),
    ...section("EXAMPLES", examples(command.examples)),
    ...section("DESCRIPTION", paragraphs(command.description.map((paragraph) => [wrapped(paragraph)]))),
    ...section("OPTIONS", options.flatMap(tagged)),
    ...manualSections(command.name),
    ...section("EXIT STATUS", Object.entries({ ...commonExitCodes, ...command.exitCodes }).flatMap(tagged)),
    ...section("SEE ALSO", [seeAlso(pagesOf(["", ...commandNames.filter((name) => name !== command.name)]))]),
    "",
  ].join("\n");
}

/** Pages of commands, and of the overview for "". */
function pagesOf(names: readonly string[]): (readonly [string, 1])[] {
  return names.map((name) => [name === "" ? "lazarus" : `lazarus-${name}`, 1]);
}

function overviewPage(commands: readonly Command[], texts: readonly string[]): string {
  return [
    ...title("lazarus", 1, tagline),
    ...section("SYNOPSIS", [bold("lazarus <command> [FILE] [options]")]),
    ...section("EXAMPLES", examples(overviewExamples)),
    ...section("DESCRIPTION", [
      wrapped(
        "Every command reads one document from FILE or standard input and writes one to standard output, so that commands can be piped together. What one writes with --format csv the next reads as well as JSON. On a terminal the output is a table for people, on a pipe it is JSON.",
      ),
    ]),
    ...section(
      "COMMANDS",
      commands.flatMap(({ name, summary }) => tagged([`lazarus ${name}`, `${summary}.`])),
    ),
    ...manualSections(""),
    ...section("EXIT STATUS", Object.entries({ ...commonExitCodes, ...exitCodesOf(commands) }).flatMap(tagged)),
    ...section("SEE ALSO", [seeAlso([...pagesOf(commandNames), ...texts.map((name) => [name, 7] as const)])]),
    "",
  ].join("\n");
}

function manualSections(command: string): string[] {
  return (manual[command] ?? []).flatMap(({ heading, blocks }) => section(heading, blocks.flatMap(manualBlock)));
}

function manualBlock(content: Block, place: number): string[] {
  if (typeof content !== "string") return content.list.flatMap(tagged);
  return place === 0 ? [wrapped(content)] : [".PP", wrapped(content)];
}

/** Exit codes that only some commands have, and which. */
function exitCodesOf(commands: readonly Command[]): Record<number, string> {
  const found: Record<number, string> = {};
  for (const { name, exitCodes = {} } of commands) {
    for (const [key, says] of Object.entries(exitCodes)) {
      const code = Number(key);
      if (!(code in commonExitCodes)) found[code] = [found[code] ?? [], `${name}: ${says}`].flat().join(" ");
    }
  }
  return found;
}

function examples(list: readonly Example[]): string[] {
  return paragraphs(list.map(({ says, line }) => [wrapped(`${says}:`), ".PP", ".nf", ".RS 4", escaped(line), ".RE", ".fi"]));
}
