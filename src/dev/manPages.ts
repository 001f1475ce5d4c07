/** The man pages, rendered from the commands' own data. */
import { readFileSync } from "node:fs";
import type { Command, Example } from "../commands/command.ts";
import { commonExitCodes, optionSpelling, overviewExamples, standardOptions, tagline, usageLine } from "../commands/help.ts";
import { allCommands, commandNames } from "../commands/table.ts";
import { version } from "../version.ts";
import { manual } from "./manual/manual.ts";
import type { Block } from "./manual/manualSection.ts";

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
    ...section("DESCRIPTION", paragraphs(command.description.map((paragraph) => [wrapped(paragraph)]))),
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
    ...section("SEE ALSO", [seeAlso(commandNames.map((name) => `lazarus-${name}`))]),
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

/** Dated by the newest version in the changelog: the same source gives the same page. */
function title(name: string, summary: string): string[] {
  const released = /^## \d\S* \((\S+)\)$/m.exec(readFileSync("CHANGELOG.md", "utf8"))?.[1];
  return [
    `.TH "${escaped(name.toUpperCase())}" "1" "${released}" "lazarus ${version}" "Lazarus"`,
    ".SH NAME",
    wrapped(`${name} - ${summary}`),
  ];
}

function section(heading: string, lines: readonly string[]): string[] {
  return [`.SH ${heading}`, ...lines];
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

/** A heading begins its first paragraph by itself. */
function paragraphs(list: readonly (readonly string[])[]): string[] {
  return list.flatMap((lines, i) => (i === 0 ? lines : [".PP", ...lines]));
}

function tagged([tag, text]: readonly [string, string]): string[] {
  return [".TP", bold(tag), wrapped(text)];
}

function seeAlso(pages: readonly string[]): string {
  return pages.map((page) => `${bold(page)}(1)`).join(",\n");
}

/** Text in lines of at most 80 bytes, which roff fills again; a line must not begin like a request. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of escaped(text).split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && Buffer.byteLength(longer) <= 78) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join("\n").replace(/^([.'])/gm, "\\&$1");
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
