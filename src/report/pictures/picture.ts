/** What a picture is made of: panels, one below the other, each of which can be drawn at any width. */
import type { Swatch } from "./legend.ts";

/** A picture before it is SVG or a page. */
export interface Picture {
  /** What it shows. */
  readonly title: string;
  /** What it is of, and what was left out or added up. */
  readonly subtitle: string;
  readonly panels: readonly Panel[];
}

/** A part of a picture with a subject of its own. */
export interface Panel {
  readonly title: string;
  /** How to read it, in a sentence. */
  readonly note?: string;
  /** What its colours stand for. */
  readonly swatches?: readonly Swatch[];
  /** @param width pixels that there are; a drawing whose cells would become too small is wider */
  readonly draw: (width: number) => Drawing;
}

/** Marks of SVG in a box whose upper left corner is 0, 0. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly marks: string;
}

/** A panel in words, where there is nothing to draw. */
export function sentence(title: string, note: string): Panel {
  return { title, note, draw: (width) => ({ width, height: 0, marks: "" }) };
}
