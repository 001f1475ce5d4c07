/** Load profiles as flat rows, which every command reads that wants loads. */
import { stringify } from "csv-stringify/sync";
import { windowTable } from "./csv/windows.ts";
import type { LoadProfileDocument } from "./documents/loadProfile.ts";

/**
 * CSV `[window,]iteration,layer[,rank],expert,tokens` in pieces, one a layer; iteration is the last of the window.
 */
export function loadProfileCsv(): (document: LoadProfileDocument, first: boolean) => Generator<string> {
  const partOf = windowTable(({ window }: LoadProfileDocument) => (window.ofSeveral ? window : undefined));
  return function* (document, first) {
    const { header, cell } = partOf(document, first);
    const { window, layers } = document;
    const ranked = layers[0]!.byRank !== undefined;
    if (first) yield `${header}iteration,layer,${ranked ? "rank," : ""}expert,tokens\n`;
    const begin = cell === "" ? [] : [cell.slice(0, -1)];
    for (const { layer, loads, byRank } of layers) {
      const rows = byRank
        ? byRank.flatMap((row, rank) => row.map((tokens, expert) => [...begin, window.to, layer, rank, expert, tokens]))
        : loads.map((tokens, expert) => [...begin, window.to, layer, expert, tokens]);
      yield stringify(rows);
    }
  };
}
