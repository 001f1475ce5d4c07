/** Lines and points over two axes. */
import { legend, type Swatch } from "./legend.ts";
import type { Drawing } from "./picture.ts";
import { FONT, fitted, label, markup, px, textWidth } from "./text.ts";

/** An axis; ticks are where numbers stand. */
export interface Axis {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly { readonly at: number; readonly name: string }[];
  readonly isLogarithmic?: boolean;
}

/** A point, and what it says under the pointer. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly tip?: string;
}

/** Points that belong together. */
export interface Series {
  readonly name: string;
  /** Number of its colour. */
  readonly colour: number;
  readonly kind?: "line" | "dashed" | "steps" | "dots" | "rings" | "discs";
  readonly points: readonly Point[];
}

/** Strokes below the axis, for what happened at moments. */
export interface Rug {
  readonly name: string;
  readonly colour: number;
  readonly at: readonly { readonly x: number; readonly tip: string }[];
}

/** Words beside a point. */
export interface Named {
  readonly x: number;
  readonly y: number;
  readonly name: string;
}

export interface LinePlot {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly rugs?: readonly Rug[];
  readonly names?: readonly Named[];
  /** A line across, and what it is. */
  readonly level?: { readonly at: number; readonly name: string };
  readonly height?: number;
}

const HEIGHT = 220;
const RUG = 14;

/** Draws a plot as wide as asked. */
export function linePlot({ x, y, series, rugs = [], names = [], level, height = HEIGHT }: LinePlot, width: number): Drawing {
  const swatches: Swatch[] = [
    ...(series.length > 1 || rugs.length > 0
      ? series.map(({ name, colour, kind = "line" }) =>
          kind === "dots" || kind === "rings" || kind === "discs"
            ? {
                name,
                look: kind === "rings" ? `l${colour}` : `c${colour}`,
                kind: kind === "rings" ? ("ring" as const) : ("dot" as const),
              }
            : { name, look: `l${colour}`, kind: kind === "dashed" ? ("dashed" as const) : ("line" as const) },
        )
      : []),
    ...(level === undefined ? [] : [{ name: level.name, look: "frame", kind: "dashed" as const }]),
    ...rugs.map(({ name, colour }) => ({ name, look: `l${colour}`, kind: "tick" as const })),
  ];
  const key = legend(swatches, width);
  const left = Math.max(...y.ticks.map(({ name }) => textWidth(name)), 10) + 10;
  const right = 10;
  const top = key.height + FONT + 10;
  const across = (value: number) => left + share(x, value) * (width - left - right);
  const down = (value: number) => top + (1 - share(y, value)) * height;
  const marks = [key.marks, label(0, key.height + FONT, fitted(y.title, width), ' class="dim"')];
  for (const { at, name } of y.ticks) {
    marks.push(`<path class="grid" d="M${px(left)} ${px(down(at))}H${px(width - right)}"/>`);
    marks.push(label(left - 6, down(at) + 4, name, ' text-anchor="end"'));
  }
  const bottom = top + height;
  const foot = bottom + rugs.length * RUG;
  marks.push(`<path class="axis" d="M${px(left)} ${px(bottom)}H${px(width - right)}"/>`);
  let free = Number.NEGATIVE_INFINITY;
  for (const { at, name } of x.ticks) {
    const middle = across(at);
    marks.push(`<path class="axis" d="M${px(middle)} ${px(bottom)}v4"/>`);
    const half = textWidth(name) / 2;
    const place = Math.min(Math.max(middle, half), width - half);
    if (place - half < free) continue;
    free = place + half + 8;
    marks.push(label(place, foot + 17, name, ' text-anchor="middle"'));
  }
  marks.push(label(width - right, foot + 33, fitted(x.title, width - left), ' class="dim" text-anchor="end"'));
  if (level !== undefined) {
    marks.push(`<path class="frame" stroke-dasharray="2 3" d="M${px(left)} ${px(down(level.at))}H${px(width - right)}"/>`);
  }
  rugs.forEach(({ colour, at }, r) => {
    const strokes = at.map(
      ({ x: moment, tip }) =>
        `<path class="rug l${colour}" stroke-width="1.5" d="M${px(across(moment))} ${px(bottom + r * RUG + 3)}v${RUG - 4}"><title>${markup(tip)}</title></path>`,
    );
    marks.push(`\n<g>${strokes.join("")}</g>`);
  });
  // Lines that coincide show beside each other, the later ones being thinner.
  series.forEach((one, i) => {
    const stroke = one.kind === "steps" ? 1 : 1.5 + (series.length - 1 - i) * Math.min(0.7, 3 / series.length);
    marks.push(`\n<g>${seriesMarks(one, stroke, across, down)}</g>`);
  });
  const placed = names.map((named) => ({ ...named, x: across(named.x), y: down(named.y) }));
  const lines = series.flatMap(({ kind, points }) =>
    kind === "steps" ? stepBoxes(points.map(({ x: at, y: to }) => [across(at), down(to)])) : [],
  );
  marks.push(placedNames(placed, lines, [left, top, width, bottom]));
  return { width, height: foot + 38, marks: marks.join("") };
}

function share({ from, to, isLogarithmic }: Axis, value: number): number {
  const [low, high, at] = isLogarithmic ? [Math.log(from), Math.log(to), Math.log(value)] : [from, to, value];
  return high > low ? (at - low) / (high - low) : 0.5;
}

function seriesMarks(
  { colour, kind = "line", points }: Series,
  stroke: number,
  across: (x: number) => number,
  down: (y: number) => number,
): string {
  const marks: string[] = [];
  if (kind !== "dots" && kind !== "rings" && kind !== "discs" && points.length > 1) {
    const path = points.map(({ x, y }, i) => {
      const [at, to] = [px(across(x)), px(down(y))];
      return i === 0 ? `M${at} ${to}` : kind === "steps" ? `H${at}V${to}` : `L${at} ${to}`;
    });
    const dashes = kind === "dashed" ? ' stroke-dasharray="5 4"' : "";
    marks.push(`<path class="l${colour}" stroke-width="${px(stroke)}" stroke-linejoin="round"${dashes} d="${path.join("")}"/>`);
  }
  const isClose = points.length > 60;
  for (const { x, y, tip } of points) {
    if (tip === undefined) continue;
    const radius = kind === "discs" ? 6 : kind === "rings" ? 3 : kind === "dots" ? (isClose ? 2.2 : 3.5) : isClose ? 1.5 : 3;
    const look = kind === "rings" ? `l${colour}` : `c${colour}`;
    marks.push(
      `<circle class="${look}" cx="${px(across(x))}" cy="${px(down(y))}" r="${radius}"><title>${markup(tip)}</title></circle>`,
    );
  }
  return marks.join("");
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Where a line in steps runs. */
function stepBoxes(points: readonly (readonly number[])[]): Box[] {
  return points.slice(1).flatMap(([x, y], i): Box[] => {
    const [fromX, fromY] = points[i] as [number, number];
    return [
      [Math.min(fromX, x!), fromY - 1, Math.max(fromX, x!), fromY + 1],
      [x! - 1, Math.min(fromY, y!), x! + 1, Math.max(fromY, y!)],
    ];
  });
}

/** Words beside their points, where they cover neither each other nor a point or line; a thin line leads to those that stand far off. */
function placedNames(names: readonly Named[], lines: readonly Box[], [left, top, right, bottom]: Box): string {
  const taken: Box[] = [...lines, ...names.map(({ x, y }): Box => [x - 6, y - 6, x + 6, y + 6])];
  const hits = (a: Box) => taken.some((b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]);
  const marks: string[] = [];
  for (const { x, y, name } of names) {
    const shown = fitted(name, (right - left) * 0.7);
    const width = textWidth(shown);
    const boxes: Box[] = [];
    for (let far = 0; far < 16; far++) {
      const off = 8 + far * 9;
      for (const [dx, dy] of [
        [off, 4],
        [-width - off, 4],
        [8, -off],
        [-width - 8, -off],
        [8, off + 8],
        [-width - 8, off + 8],
        [-width / 2, -off],
        [-width / 2, off + 8],
      ] as const)
        boxes.push([x + dx, y + dy - FONT + 2, x + dx + width, y + dy + 2]);
    }
    const box =
      boxes.find((each) => each[0] >= left && each[2] <= right && each[1] >= top && each[3] <= bottom && !hits(each)) ??
      boxes[0]!;
    taken.push(box);
    const middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] as const;
    if (Math.abs(middle[1] - y) > 24 || Math.abs(middle[0] - x) > width / 2 + 24)
      marks.push(
        `<path class="axis" stroke-width="0.7" d="M${px(x)} ${px(y)}L${px(Math.min(Math.max(x, box[0]), box[2]))} ${px(box[1] > y ? box[1] : box[3])}"/>`,
      );
    marks.push(label(box[0], box[3] - 2, shown, ' class="name"'));
  }
  return marks.join("");
}
