/** Colours of pictures, light and dark, as style sheets: classes without variables, which not every reader of SVG knows. */

/** Colours that stay apart for colour-blind readers and in print (Okabe and Ito). */
const APART = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222"];
const APART_DARK = ["#4aa8e8", "#ff8a3c", "#2ccf9e", "#e79bc6", "#f0b429", "#9bd4f5", "#e8e8e8"];
/** Below, at and above a mean: `AROUND_MEAN` has its limits. */
const HEAT = ["#2b6cb0", "#74a9d8", "#c6dcef", "#ecece8", "#fddcb5", "#f9b06d", "#ec7a33", "#c2410c", "#6e1a05"];
const HEAT_DARK = ["#5aa9ee", "#3b78b0", "#2b4a68", "#3a3d42", "#6b4a2a", "#a3662a", "#dd8a35", "#ffb45e", "#ffe9c9"];
/** From little to much. */
const MUCH = ["#e3edf6", "#c3d9ec", "#96c0de", "#5ea2cd", "#2f7fb8", "#11598f", "#083559"];
const MUCH_DARK = ["#22303c", "#264a66", "#2a668f", "#3084b8", "#4aa3d8", "#86c8ee", "#d6eefc"];

/** How many kinds `c0`, `l0` and so on there are. */
export const KINDS = APART.length;
/** How many steps `s0` and so on there are. */
export const STEPS = MUCH.length;

/** From this step on words on a field are in the other colour. */
const MIDDLE = 4;

/** @param few, many colours of words on fields of little and much */
const colours = (
  [page, ink, dim, grid, few, many]: readonly [string, string, string, string, string, string],
  lists: readonly (readonly string[])[],
) => {
  const [apart, heat, much] = lists as [readonly string[], readonly string[], readonly string[]];
  return [
    `.bg{fill:${page}}text,.ink{fill:${ink}}.dim{fill:${dim}}.grid{stroke:${grid};fill:none}.axis{stroke:${dim};fill:none}.frame{stroke:${ink};fill:none}.none{fill:${grid}}.edge{stroke:${page};stroke-width:0.5}.framed{stroke:${ink};stroke-width:1.5}`,
    ...apart.map((colour, i) => `.c${i}{fill:${colour}}.l${i}{stroke:${colour};fill:none}`),
    ...heat.map((colour, i) => `.h${i}{fill:${colour}}`),
    ...much.map((colour, i) => `.s${i}{fill:${colour}}.t${i}{fill:${i < MIDDLE ? few : many}}`),
  ].join("");
};

/** The rules of every drawing. */
export const STYLE = [
  `text{font-family:sans-serif;font-size:12px}.head{font-size:17px;font-weight:bold}.part{font-size:14px;font-weight:bold}.on{pointer-events:none}.next{opacity:0.3}`,
  colours(["#ffffff", "#222222", "#666666", "#dddddd", "#111111", "#ffffff"], [APART, HEAT, MUCH]),
  `@media (prefers-color-scheme:dark){${colours(["#16181c", "#e6e6e6", "#a0a4aa", "#3a3d42", "#ffffff", "#111111"], [APART_DARK, HEAT_DARK, MUCH_DARK])}}`,
  // Over colours that are light in both.
  ".over{fill:#111111;font-size:11px}",
].join("\n");
