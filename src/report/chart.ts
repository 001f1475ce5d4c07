/** Charts as SVG text, from Vega-Lite specifications. */
import type { TopLevelSpec } from "vega-lite";
import { cleanTexts } from "../cleanText.ts";

/** A chart to draw. */
export type ChartSpec = TopLevelSpec;

/** Colours that stay apart for colour-blind readers and in print (Okabe and Ito). */
const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/** Draws a chart. Vega is loaded when the first one is asked for. */
export async function chartSvg(spec: ChartSpec): Promise<string> {
  const [{ compile }, { parse, View, Error: errorsOnly }] = await Promise.all([import("vega-lite"), import("vega")]);
  const config = { range: { category: PALETTE }, font: "sans-serif", background: "white", view: { stroke: null } };
  const compiled = compile(cleanTexts(spec), { config, logger: undefined as never });
  return new View(parse(compiled.spec), { renderer: "none", logLevel: errorsOnly }).toSVG();
}
