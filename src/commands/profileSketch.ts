/** `profile-load --plot`: the last window, and how far loads moved to get there. */
import type { LoadProfileDocument } from "../formats/documents/loadProfile.ts";
import type { Sketch } from "./plotOption.ts";

/** Holds the last window, and one number a layer for each before it. */
export async function profileSketch(): Promise<Sketch<LoadProfileDocument>> {
  const { loadPicture, sharesMoved } = await import("../report/loadPicture.ts");
  const at: number[] = [];
  const distances: number[][] = [];
  let last: LoadProfileDocument | undefined;
  return {
    see: (profile) => {
      const before = new Map(last?.layers.map(({ layer, loads }) => [layer, loads]));
      if (last !== undefined)
        distances.push(profile.layers.map(({ layer, loads }) => sharesMoved(before.get(layer) ?? loads, loads)));
      at.push(profile.window.to);
      last = profile;
      return profile;
    },
    picture: () => (last === undefined ? "there is no window" : loadPicture(last, { at, distances })),
  };
}
