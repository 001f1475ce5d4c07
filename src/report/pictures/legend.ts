/** What colours stand for: swatches with their names, in as many lines as they take. */
import { fitted, label, px, textWidth } from "./text.ts";

/** An entry of a legend. */
export interface Swatch {
  readonly name: string;
  /** Class of its field, or of its line. */
  readonly look: string;
  readonly kind?: "field" | "line" | "dashed" | "dot" | "ring" | "tick";
}

const LINE = 18;

/** Marks, and the pixels that they take from the top. */
export function legend(swatches: readonly Swatch[], width: number): { readonly height: number; readonly marks: string } {
  let [x, y] = [0, 0];
  const marks: string[] = [];
  for (const { name, look, kind = "field" } of swatches) {
    const text = fitted(name, width - 22);
    const taken = 22 + textWidth(text) + 14;
    if (x > 0 && x + taken - 14 > width) [x, y] = [0, y + LINE];
    marks.push(swatch(look, kind, x, y), label(x + 22, y + 13, text));
    x += taken;
  }
  return { height: swatches.length === 0 ? 0 : y + LINE + 6, marks: marks.join("") };
}

function swatch(look: string, kind: NonNullable<Swatch["kind"]>, x: number, y: number): string {
  if (kind === "field") return `<rect class="key ${look}" x="${px(x)}" y="${y + 3}" width="16" height="12"/>`;
  if (kind === "dot" || kind === "ring") return `<circle class="key ${look}" cx="${px(x + 8)}" cy="${y + 9}" r="4"/>`;
  if (kind === "tick") return `<path class="key ${look}" d="M${px(x + 8)} ${y + 3}v12" stroke-width="2"/>`;
  const dashes = kind === "dashed" ? ' stroke-dasharray="4 3"' : "";
  return `<path class="key ${look}" d="M${px(x)} ${y + 9}h16" stroke-width="2"${dashes}/>`;
}
