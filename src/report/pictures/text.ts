/** Text in pictures: cleaned, escaped, and as long as there is room. */
import { cleanText } from "../../cleanText.ts";

/** Pixels of the letters of axes, legends and notes. */
export const FONT = 12;
/** Share of its size that a letter takes; no font is at hand to measure. */
const LETTER = 0.64;
const NARROW = /[ .,:;'|!()[\]iljtfrI-]/;
/** Scripts whose signs fill a square. */
const WIDE =
  /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const SPECIAL: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** The text as markup: nothing in it steers a page, and what does not show is escaped. */
export function markup(text: string): string {
  return cleanText(text).replace(/[&<>"]/g, (sign) => SPECIAL[sign]!);
}

/** Pixels that a text takes, by and large. */
export function textWidth(text: string, size = FONT): number {
  let width = 0;
  for (const sign of text) width += WIDE.test(sign) ? 1 : NARROW.test(sign) ? 0.4 : LETTER;
  return width * size;
}

/** The text, or as much of its ends as fits, since names differ at their ends. */
export function fitted(text: string, width: number, size = FONT): string {
  const clean = cleanText(text);
  if (textWidth(clean, size) <= width) return clean;
  const signs = [...clean];
  for (let kept = signs.length - 1; kept > 2; kept--) {
    const tail = Math.floor(kept / 2);
    const short = `${signs.slice(0, kept - tail).join("")}…${signs.slice(signs.length - tail).join("")}`;
    if (textWidth(short, size) <= width) return short;
  }
  return "…";
}

/** Names no wider than so much: where some are, what all begin and end with gives way first, so that they stay apart (`…01` of hosts in one domain). */
export function toldApart(names: readonly string[], width: number): string[] {
  if (names.every((name) => textWidth(name) <= width)) return [...names];
  const [first = ""] = names;
  const lengthOf = (agrees: (name: string, length: number) => boolean) => {
    let length = 0;
    while (length < first.length && names.every((name) => length < name.length && agrees(name, length))) length++;
    return length;
  };
  const head = names.length < 2 ? 0 : lengthOf((name, at) => name[at] === first[at]);
  const tail = names.length < 2 ? 0 : lengthOf((name, at) => name.length - at > head && name.at(-1 - at) === first.at(-1 - at));
  const [cutHead, cutTail] = [head > 1 ? head : 0, tail > 1 ? tail : 0];
  return names.map((name) => {
    const middle = name.slice(cutHead, name.length - cutTail);
    return fitted(`${cutHead > 0 ? "…" : ""}${middle}`, width);
  });
}

/** The text with figures and their units on one line. */
export function glued(text: string): string {
  return text.replace(/(?<=\d) (?=[%x]|s\b|\d{3}(?!\d))/g, "\u00a0");
}

/** Lines of whole words that fit. */
export function wrapped(text: string, width: number, size = FONT): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of glued(cleanText(text)).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((each) => fitted(each, width, size));
}

/** Pixels without noise behind the point. */
export function px(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

/** @param look further attributes, as ` class="dim"` */
export function label(x: number, y: number, text: string, look = ""): string {
  return `<text x="${px(x)}" y="${px(y)}"${look}>${markup(text)}</text>`;
}
