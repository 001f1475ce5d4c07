/** A picture as one page: nothing in it comes from elsewhere, and nothing in it runs. */
import { legend } from "./legend.ts";
import type { Drawing, Picture } from "./picture.ts";
import { WIDTH } from "./svg.ts";
import { glued, markup } from "./text.ts";
import { STYLE } from "./theme.ts";

/** Pixels of a panel on a telephone of 360. */
const NARROW = 328;
/** Characters beyond which a drawing is not there twice: on a narrow screen it is then moved under a finger. */
const TWICE = 120_000;

const PAGE = `html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:#fff;color:#222;font:15px/1.4 sans-serif}
main{max-width:${WIDTH}px;margin:0 auto;padding:16px}
h1{font-size:22px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:16px;margin:28px 0 2px;overflow-wrap:anywhere}
p{margin:0 0 6px;color:#666;overflow-wrap:anywhere}figure{margin:0;overflow-x:auto}svg{display:block}.narrow{display:none}
@media (prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}p{color:#a0a4aa}}
@media screen and (max-width:${WIDTH + 31}px){.narrow{display:block}.wide{display:none}}
@media print{body{font-size:11px}main{max-width:none;padding:0}section{break-inside:avoid}figure{overflow:visible}svg{max-width:100%;height:auto}}`;

/** HTML text in pieces. */
export function* pictureHtml({ title, subtitle, panels }: Picture): Generator<string> {
  yield `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width,initial-scale=1">\n`;
  yield `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">\n`;
  yield `<title>${markup(title)}</title>\n<style>${PAGE}\n${STYLE}</style>\n</head>\n<body>\n<main>\n<h1>${markup(glued(title))}</h1>\n<p>${markup(glued(subtitle))}</p>\n`;
  for (const { title: part, note, swatches = [], draw } of panels) {
    yield `<section>\n<h2>${markup(glued(part))}</h2>\n${note === undefined ? "" : `<p>${markup(glued(note))}</p>\n`}`;
    for (const [name, width] of [["wide", WIDTH] as const, ["narrow", NARROW] as const]) {
      const key = legend(swatches, width);
      if (key.height > 0) yield `<div class="${name}">${svg({ width, ...key }, "colours")}</div>\n`;
    }
    const wide = draw(WIDTH);
    if (wide.height > 0 && wide.marks.length > TWICE) yield figure(wide, part, "");
    else if (wide.height > 0) {
      yield figure(wide, part, ' class="wide"');
      yield figure(draw(NARROW), part, ' class="narrow"');
    }
    yield "</section>\n";
  }
  yield "</main>\n</body>\n</html>\n";
}

function figure(drawing: Drawing, part: string, look: string): string {
  return `<figure${look} tabindex="0">${svg(drawing, part)}</figure>\n`;
}

function svg({ width, height, marks }: Drawing, part: string): string {
  const [across, down] = [Math.ceil(width), Math.ceil(height)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${across}" height="${down}" viewBox="0 0 ${across} ${down}" role="img" aria-label="${markup(part)}">${marks}</svg>`;
}
