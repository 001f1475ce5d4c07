/** In which order the experts' rows stand: by expert, then source rank, then token. */
import { rowsOf } from "./layerShape.ts";
import type { LayerWorkload } from "./layerWorkload.ts";

export interface RowOrder {
  /** Token of each row, shape [rows]. */
  readonly tokens: Int32Array;
  /** Expert of each row, shape [rows]. */
  readonly experts: Int32Array;
  /** Row of each token at each of its experts, shape [tokens][topK]. */
  readonly rows: Int32Array;
  /** Where each row stands in the receive buffer of the all-to-all: by source, then expert, shape [rows]. */
  readonly received: Int32Array;
}

/** Order of the rows of a layer, by counting. */
export function rowOrder({ shape, routed, received: chunks }: Pick<LayerWorkload, "shape" | "routed" | "received">): RowOrder {
  const { tokens: tokenCount, experts: expertCount, topK } = shape;
  const count = rowsOf(shape);
  const next = new Int32Array(expertCount + 1);
  const expertAt = (place: number) => routed[Math.floor(place / topK) * 2 * topK + (place % topK)]!;
  for (let place = 0; place < count; place++) next[expertAt(place) + 1]! += 1;
  for (let expert = 0; expert < expertCount; expert++) next[expert + 1]! += next[expert]!;
  const tokens = new Int32Array(count);
  const experts = new Int32Array(count);
  const rows = new Int32Array(tokenCount * topK);
  for (let place = 0; place < count; place++) {
    const expert = expertAt(place);
    const row = next[expert]!++;
    tokens[row] = Math.floor(place / topK);
    experts[row] = expert;
    rows[place] = row;
  }
  return { tokens, experts, rows, received: receiveOrder(chunks, count) };
}

/**
 * @param chunks by expert, then source
 */
function receiveOrder(chunks: LayerWorkload["received"], rows: number): Int32Array {
  const starts = new Map<LayerWorkload["received"][number], number>();
  let start = 0;
  for (const chunk of [...chunks].sort((a, b) => a.source - b.source || a.expert - b.expert)) {
    starts.set(chunk, start);
    start += chunk.tokens;
  }
  const order = new Int32Array(rows);
  let row = 0;
  for (const chunk of chunks) {
    const from = starts.get(chunk)!;
    for (let i = 0; i < chunk.tokens; i++) order[row++] = from + i;
  }
  return order;
}
