import type { RoutingColumns } from "./routingColumns.ts";
import type { StepTable } from "./stepTable.ts";

/** Adds a row to the current iteration; returns what is wrong with it, if anything. `fields` has shape [columns]. */
export type RowAdder = (fields: Float64Array) => string | undefined;

/** How rows of a format go into the table. */
export function rowAdder(columns: RoutingColumns, table: StepTable): RowAdder {
  const { layer, rank, expert, tokens, token, expertColumns } = columns;
  const rankOf = (fields: Float64Array) => (rank < 0 ? 0 : (fields[rank] as number));
  switch (columns.table) {
    case "long":
      return (fields) => table.put(fields[layer] as number, rankOf(fields), fields[expert] as number, fields[tokens] as number);
    case "tokens":
      return (fields) =>
        table.countToken(fields[layer] as number, rankOf(fields), fields[expert] as number, fields[token] as number);
    case "wide":
      return (fields) => {
        for (let e = 0; e < expertColumns.length; e++) {
          const problem = table.put(fields[layer] as number, rankOf(fields), e, fields[expertColumns[e] as number] as number);
          if (problem !== undefined) return problem;
        }
        return undefined;
      };
  }
}
