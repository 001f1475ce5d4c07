import type { PlacementDocument } from "./documents/placement.ts";

/** A placement document as a line of JSON in pieces, a layer in each: on thousands of nodes it is no text to hold as a whole. */
export function* placementJson(document: PlacementDocument): Generator<string> {
  let before = "{";
  for (const [name, value] of Object.entries(document)) {
    if (value === undefined) continue;
    const head = `${before}${JSON.stringify(name)}:`;
    before = ",";
    if (name !== "layers") {
      yield head + JSON.stringify(value);
      continue;
    }
    yield `${head}[`;
    for (const [l, layer] of document.layers.entries()) yield (l === 0 ? "" : ",") + JSON.stringify(layer);
    yield "]";
  }
  yield "}\n";
}
