/** Lying bars in groups, for things that have names. */
import type { Axis } from "./linePlot.ts";
import type { Drawing } from "./picture.ts";
import { FONT, fitted, label, markup, px, textWidth } from "./text.ts";

/** A bar: its parts from left to right, what it says at its end, and an interval. */
export interface Bar {
  readonly name: string;
  readonly parts: readonly { readonly value: number; readonly look: string; readonly tip: string }[];
  readonly text?: string;
  readonly interval?: readonly [number, number];
}

/** Bars under a heading; an empty one takes no room. */
export interface BarGroup {
  readonly name: string;
  readonly bars: readonly Bar[];
}

const BAR = 18;
const HEADING = 20;
const LONGEST_NAME = 130;

/** Draws bars as wide as asked, from 0 on. */
export function barPlot(axis: Axis, groups: readonly BarGroup[], width: number): Drawing {
  const bars = groups.flatMap((group) => group.bars);
  const left = Math.min(LONGEST_NAME, Math.max(...bars.map(({ name }) => textWidth(name)))) + 8;
  const right = Math.max(...bars.map(({ text = "" }) => textWidth(text))) + 12;
  const across = (value: number) => left + (value / axis.to) * (width - left - right);
  const top = FONT + 8;
  const body: string[] = [];
  let y = top;
  for (const { name, bars: own } of groups) {
    if (name !== "") {
      body.push(label(0, y + 15, fitted(name, width)));
      y += HEADING;
    }
    for (const { name: of, parts, text, interval } of own) {
      let at = 0;
      const fields = parts.map(({ value, look, tip }) => {
        const [from, to] = [across(at), across(at + value)];
        at += value;
        return `<rect class="${look}" x="${px(from)}" y="${y + 2}" width="${px(to - from)}" height="${BAR - 4}"><title>${markup(tip)}</title></rect>`;
      });
      body.push(label(left - 6, y + 13, fitted(of, left - 8), ' text-anchor="end"'), ...fields);
      if (interval !== undefined)
        body.push(
          `<path class="frame" stroke-width="1.3" d="M${px(across(interval[0]))} ${y + 5}v8m0 -4H${px(across(interval[1]))}m0 -4v8"/>`,
        );
      if (text !== undefined) body.push(label(across(Math.max(at, interval?.[1] ?? 0)) + 6, y + 13, text));
      y += BAR;
    }
    y += 6;
  }
  const marks = [label(0, FONT, fitted(axis.title, width), ' class="dim"')];
  let free = Number.NEGATIVE_INFINITY;
  for (const { at, name } of axis.ticks) {
    const middle = across(at);
    marks.push(`<path class="grid" d="M${px(middle)} ${top}V${px(y)}"/>`);
    if (middle - textWidth(name) / 2 < free) continue;
    free = middle + textWidth(name) / 2 + 8;
    marks.push(label(middle, y + 14, name, ' text-anchor="middle"'));
  }
  return { width, height: y + 22, marks: [...marks, ...body].join("") };
}
