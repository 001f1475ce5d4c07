/** What a table of a placement shows of a large one. */
import { UsageError } from "../errors.ts";
import { parseIdList } from "../formats/units.ts";
import type { Shown } from "../report/placementTable.ts";
import { type OptionValues, option } from "./option.ts";
import { formatOf } from "./writeDocuments.ts";

export const shownOptions = {
  layers: option({
    argument: "LIST",
    parse: parseIdList,
    says: "Layers that the table shows, such as 0,3,5-7; without it the five least even ones of many.",
  }),
  node: option({
    argument: "NODE",
    parse: (text) => text,
    says: "Show what this node holds, GPU by GPU and layer by layer, instead of the whole table.",
  }),
};

/** @throws UsageError when the result is not written as a table */
export function whatIsShown(
  options: OptionValues<typeof shownOptions> & { readonly format: string | undefined; readonly output: string | undefined },
): Shown {
  const { layers, node } = options;
  const format = formatOf(options);
  const idle = layers === undefined ? (node === undefined ? undefined : "node") : "layers";
  if (idle !== undefined && format !== "table")
    throw new UsageError(
      `--${idle} chooses what the table shows, and --format ${format} has everything; add --format table or leave it out`,
    );
  return { layers, node };
}
