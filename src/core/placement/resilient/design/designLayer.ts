/** One layer of a design: which expert is at which position. */
import type { LayerTable } from "./layerTable.ts";

/** What the search sees of one layer. */
export interface DesignLayer {
  /** Tokens of each expert, shape [experts]; at most as many experts as positions. */
  readonly loads: readonly number[];
  /** Expert at each position, shape [positions]; numbers beyond the experts stand for positions that stay empty. */
  readonly expert: Int32Array;
  /** Tokens of the expert at each position, shape [positions]. */
  readonly tokens: Float64Array;
  /** Cost of exactly these tokens on the design's host sets. */
  readonly table: LayerTable;
}

/** A layer of a design: experts take positions, and their tokens enter the table. */
export function makeDesignLayer(loads: readonly number[], expert: Int32Array, hosts: Int32Array, table: LayerTable): DesignLayer {
  const tokens = Float64Array.from(expert, (e) => loads[e] ?? 0);
  hosts.forEach((set, position) => {
    table.change(set, 0, tokens[position]!);
  });
  return { loads, expert, tokens, table };
}
