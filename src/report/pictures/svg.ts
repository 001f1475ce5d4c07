/** A picture as one SVG: title, subtitle, and its panels below each other. */
import { legend } from "./legend.ts";
import type { Picture } from "./picture.ts";
import { label, markup, px, wrapped } from "./text.ts";
import { STYLE } from "./theme.ts";

/** Pixels of a panel where nothing says otherwise. */
export const WIDTH = 760;
const MARGIN = 16;
const LINE = 16;

/** SVG text in pieces. */
export function* pictureSvg({ title, subtitle, panels }: Picture): Generator<string> {
  const drawings = panels.map(({ draw }) => draw(WIDTH));
  const width = Math.max(WIDTH, ...drawings.map((drawing) => drawing.width));
  const heads: string[] = [];
  let y = MARGIN + 12;
  for (const line of wrapped(title, width, 17)) {
    heads.push(label(0, y, line, ' class="head"'));
    y += 22;
  }
  for (const line of wrapped(subtitle, width)) {
    heads.push(label(0, y, line, ' class="dim"'));
    y += LINE;
  }
  const bodies: string[] = [];
  panels.forEach((panel, p) => {
    y += 26;
    const lines = [label(0, y, panel.title, ' class="part"')];
    for (const line of panel.note === undefined ? [] : wrapped(panel.note, width)) {
      y += LINE;
      lines.push(label(0, y, line, ' class="dim"'));
    }
    y += 8;
    const key = legend(panel.swatches ?? [], WIDTH);
    const { height, marks } = drawings[p]!;
    const at = (down: number, inside: string) => `<g transform="translate(0,${px(down)})">${inside}</g>`;
    bodies.push(`<g>${lines.join("")}${at(y, key.marks)}${at(y + key.height, marks)}</g>\n`);
    y += key.height + height;
  });
  const [fullWidth, fullHeight] = [width + 2 * MARGIN, Math.ceil(y + MARGIN)];
  yield `<svg xmlns="http://www.w3.org/2000/svg" width="${fullWidth}" height="${fullHeight}" viewBox="0 0 ${fullWidth} ${fullHeight}" role="img" aria-label="${markup(title)}">\n`;
  yield `<style>${STYLE}</style>\n<rect class="bg" width="${fullWidth}" height="${fullHeight}"/>\n<g transform="translate(${MARGIN},0)">\n${heads.join("")}\n`;
  yield* bodies;
  yield "</g>\n</svg>\n";
}
