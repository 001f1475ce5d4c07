/** Pieces of man pages in the man(7) language, without anything that `mandoc -T lint` would mend. */
import { readFileSync } from "node:fs";
import { version } from "../version.ts";

/** Dated by the newest version in the changelog: the same source gives the same page. */
export function title(name: string, chapter: 1 | 7, summary: string): string[] {
  const released = /^## \d\S* \((\S+)\)$/m.exec(readFileSync("CHANGELOG.md", "utf8"))?.[1];
  return [
    `.TH "${escaped(name.toUpperCase())}" "${chapter}" "${released}" "lazarus ${version}" "Lazarus"`,
    ".SH NAME",
    wrapped(`${name} - ${summary}`),
  ];
}

export function section(heading: string, lines: readonly string[]): string[] {
  return [`.SH ${heading}`, ...lines];
}

/** A heading begins its first paragraph by itself. */
export function paragraphs(list: readonly (readonly string[])[]): string[] {
  return list.flatMap((lines, i) => (i === 0 ? lines : [".PP", ...lines]));
}

export function tagged([tag, text]: readonly [string, string]): string[] {
  return [".TP", bold(tag), wrapped(text)];
}

/** Names of pages with their chapters, as `lazarus-place(1)`. */
export function seeAlso(pages: readonly (readonly [string, 1 | 7])[]): string {
  return pages.map(([page, chapter]) => `${bold(page)}(${chapter})`).join(",\n");
}

/** Text in lines of at most 80 bytes, which roff fills again. */
export function wrapped(text: string): string {
  return filled(escaped(text));
}

/** What `wrapped` does with text in roff; a line must not begin like a request. */
export function filled(roff: string): string {
  const lines: string[] = [];
  for (const word of roff.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && Buffer.byteLength(longer) <= 78) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join("\n").replace(/^([.'])/gm, "\\&$1");
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

/** Keeps backslashes, hyphens and leading dots or quotes from being read as roff. */
export function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}
