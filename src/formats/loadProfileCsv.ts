/** A load profile as flat rows, which profile-load reads again. */
import { stringify } from "csv-stringify/sync";
import type { LoadProfileDocument } from "./documents/loadProfile.ts";

/** CSV `iteration,layer[,rank],expert,tokens` in pieces, one a layer; iteration is the last of the window. */
export function* loadProfileCsv({ window, layers }: LoadProfileDocument, header: boolean): Generator<string> {
  const ranked = layers.some(({ byRank }) => byRank !== undefined);
  if (header) yield `iteration,layer,${ranked ? "rank," : ""}expert,tokens\n`;
  for (const { layer, loads, byRank } of layers) {
    const rows = byRank
      ? byRank.flatMap((row, rank) => row.map((tokens, expert) => [window.to, layer, rank, expert, tokens]))
      : loads.map((tokens, expert) => [window.to, layer, expert, tokens]);
    yield stringify(rows);
  }
}
