/** Rows times columns of coloured fields. */
import type { Swatch } from "./legend.ts";
import type { Drawing, Panel } from "./picture.ts";
import { FONT, label, markup, px, textWidth, toldApart } from "./text.ts";

/** A field of a heat map. */
export interface Cell {
  /** Class of its colour. */
  readonly look: string;
  /** What it says under the pointer. */
  readonly tip: string;
  /** Written on it where there is room. */
  readonly text?: string;
}

export interface HeatMap {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** What rows and columns are. */
  readonly rowTitle: string;
  readonly columnTitle: string;
  /** Nothing where the field stays empty. */
  readonly cell: (row: number, column: number) => Cell | undefined;
  readonly swatches: readonly Swatch[];
}

const LEAST = { width: 2.7, height: 7 };
const MOST = { width: 40, height: 22 };
const LONGEST_NAME = 110;
/** Fields from this size on stand apart by a pixel. */
const APART = 7;

/** A heat map as a panel. */
export function heatPanel(title: string, note: string, map: HeatMap): Panel {
  return { title, note, swatches: map.swatches, draw: (width) => drawn(map, width) };
}

function drawn({ rowTitle, columnTitle, cell, ...names }: HeatMap, wanted: number): Drawing {
  const [rows, columns] = [toldApart(names.rows, LONGEST_NAME), toldApart(names.columns, LONGEST_NAME)];
  const left = longestOf(rows) + 8;
  const width = tenths(Math.min(MOST.width, Math.max(LEAST.width, (wanted - left) / columns.length)));
  const height = Math.min(MOST.height, Math.max(LEAST.height, Math.floor(420 / rows.length)));
  const longest = longestOf(columns);
  const isUpright = longest + 6 > width && longest > 2.5 * FONT;
  const top = FONT + 10 + (isUpright ? longest + 6 : FONT + 4);
  const marks = [label(0, FONT, `${rowTitle} ↓ · ${columnTitle} →`, ' class="dim"')];
  const columnEvery = roundUp((isUpright ? FONT + 3 : longest + 8) / width);
  columns.forEach((name, c) => {
    if (c % columnEvery !== 0) return;
    const middle = left + (c + 0.5) * width;
    const turn = ` transform="translate(${px(middle + 4)},${px(top - 5)}) rotate(-90)"`;
    if (isUpright) marks.push(label(0, 0, name, turn));
    else marks.push(label(middle, top - 5, name, ' text-anchor="middle"'));
  });
  const rowEvery = roundUp((FONT + 1) / height);
  rows.forEach((name, r) => {
    const middle = top + (r + 0.5) * height;
    if (r % rowEvery === 0) marks.push(label(left - 6, middle + 4, name, ' text-anchor="end"'));
  });
  // Close fields overlap a little, or the page would show between some of them.
  const isApart = width >= APART && height >= APART;
  const size = `width="${px(width + (isApart ? -1 : 0.5))}" height="${height - (isApart ? 1 : 0)}"`;
  rows.forEach((_, r) => {
    const fields: string[] = [];
    const texts: string[] = [];
    columns.forEach((_, c) => {
      const found = cell(r, c);
      if (found === undefined) return;
      fields.push(`<rect class="${found.look}" x="${px(c * width)}" ${size}><title>${markup(found.tip)}</title></rect>`);
      if (found.text !== undefined && textWidth(found.text, 11) <= width - 2 && height >= 14)
        texts.push(
          label(
            c * width + width / 2,
            height / 2 + 4,
            found.text,
            ` class="on ${found.look.replace("s", "t")}" text-anchor="middle"`,
          ),
        );
    });
    marks.push(
      `\n<g shape-rendering="crispEdges" transform="translate(${px(left)},${px(top + r * height)})">${fields.join("")}${texts.join("")}</g>`,
    );
  });
  return {
    width: Math.max(wanted, left + width * columns.length),
    height: top + rows.length * height + 4,
    marks: marks.join(""),
  };
}

function longestOf(names: readonly string[]): number {
  return Math.max(...names.map((name) => textWidth(name)));
}

/** Rounded down to tenths, since that is how places are written. */
function tenths(pixels: number): number {
  return Math.floor(pixels * 10) / 10;
}

/** The next of 1, 2, 5, 10, 20 and so on: every so many have a name. */
function roundUp(count: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, count)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= count)!;
}
