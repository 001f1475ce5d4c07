/** A man page from Markdown, as far as the manual's pages of section 7 use it. */
import { commandNames } from "../commands/table.ts";
import { escaped, filled, paragraphs, section, seeAlso, title } from "./roff.ts";

/** @param markdown `# name: summary`, then sections of paragraphs, tables and fenced blocks */
export function manualPage(markdown: string, others: readonly string[]): string {
  const [head, ...sections] = markdown.split(/^## /m);
  const [, name, summary, before = ""] = /^# (\S+): (.*)\n+([\s\S]*)$/.exec(head!)!;
  const first = before.trim() === "" ? [] : section("DESCRIPTION", blocksOf(before));
  const pages = ["lazarus", ...commandNames.map((command) => `lazarus-${command}`)].map((page) => [page, 1] as const);
  return [
    "'\\\" t",
    ...title(name!, 7, summary!),
    ...first,
    ...sections.flatMap((text) => {
      const end = text.indexOf("\n");
      return section(
        text
          .slice(0, end)
          .toUpperCase()
          .replaceAll(/[^A-Z ]/g, ""),
        blocksOf(text.slice(end)),
      );
    }),
    ...section("SEE ALSO", [
      seeAlso([...pages, ...others.filter((other) => other !== name).map((other) => [other, 7] as const)]),
    ]),
    "",
  ].join("\n");
}

function blocksOf(text: string): string[] {
  const parts = text.split(/^(```[\s\S]*?^```)$/m).flatMap((part) => (part.startsWith("```") ? [part] : part.split(/\n{2,}/)));
  const blocks = parts.map((part) => part.trim()).filter((part) => part !== "");
  return paragraphs(
    blocks.map((block) => (block.startsWith("```") ? fenced(block) : block.startsWith("|") ? table(block) : [prose(block)])),
  );
}

/** From the left edge: what the commands print is 80 columns wide. */
function fenced(block: string): string[] {
  return [".nf", ".in 0", escaped(block.split("\n").slice(1, -1).join("\n")), ".in", ".fi"];
}

function table(block: string): string[] {
  const [head, , ...rows] = block.split("\n").map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
  const cells = [head!, ...rows].map((row) => row.map((cell) => `T{\n${prose(cell)}\nT}`).join("\t"));
  return [".TS", `${head!.map(() => "l").join(" ")}.`, ...cells, ".TE"];
}

function prose(block: string): string {
  const text = escaped(block.replaceAll("\n", " ").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
  return filled(text.replaceAll(/`([^`]*)`|\*\*([^*]*)\*\*/g, (_, code = "", strong = "") => `\\fB${code}${strong}\\fR`));
}
