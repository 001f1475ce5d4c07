/** `--plot`: documents as a picture, beside what is written of them. */
import { openOutput } from "../io/output.ts";
import type { Picture } from "../report/pictures/picture.ts";
import { option } from "./option.ts";
import { complain, warn } from "./warn.ts";

/** `--plot` of a command. @param shows what is drawn, as the object of a sentence */
export function plotOption(shows: string) {
  return option({
    argument: "FILE.svg|FILE.html",
    writes: true,
    parse: (text) => {
      if (!/\.(svg|html?)$/i.test(text)) throw new Error("expected a file name that ends in .svg or .html");
      return text;
    },
    says: `Draw ${shows}. A name in .html makes one page that needs nothing beside it.`,
  });
}

/** Sees documents as they are written, and draws them at the end. */
export interface Sketch<T> {
  /** @returns what is to be written: the document, or one that is seen piece by piece */
  readonly see: (document: T) => T;
  /** The picture, or why there is none. */
  readonly picture: () => Picture | string;
}

/** Draws the last document; says so where there are others. */
export function lastOf<T>(draw: (document: T) => Picture | string): Sketch<T> {
  let [seen, last] = [0, undefined as T | undefined];
  return {
    see: (document) => {
      seen++;
      last = document;
      return document;
    },
    picture: () => {
      if (last === undefined) return "there is no document";
      if (seen > 1) warn(`--plot draws the last of ${seen} documents; ${seen - 1} left out`);
      return draw(last);
    },
  };
}

/** A picture on its way to its file. */
export interface Plot<T> {
  readonly see: (document: T) => T;
  /** Draws what was seen; the file gets its name with `finish`. */
  readonly draw: () => Promise<void>;
  readonly finish: () => Promise<void>;
  readonly abandon: () => void;
}

/** Opens the file of a picture, so that one that cannot be written is known before the work. */
export function openPlot<T>(file: string, sketch: Sketch<T>): Plot<T> {
  const output = openOutput(file);
  let isDrawn = false;
  return {
    see: sketch.see,
    draw: async () => {
      const picture = sketch.picture();
      if (typeof picture === "string") return complain(`no picture: ${picture}`);
      isDrawn = true;
      for (const piece of await drawnFor(file, picture)) await output.write(piece);
    },
    finish: async () => {
      if (isDrawn) await output.finish();
      else output.abandon();
    },
    abandon: () => output.abandon(),
  };
}

/** A picture as what the name of its file ends in. */
export async function drawnFor(file: string, picture: Picture): Promise<Iterable<string>> {
  return /svg$/i.test(file)
    ? (await import("../report/pictures/svg.ts")).pictureSvg(picture)
    : (await import("../report/pictures/html.ts")).pictureHtml(picture);
}
