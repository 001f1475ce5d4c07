/** Which nodes keep copies of which nodes' experts in host memory: CSV with the columns node,keeps. */
import { InputError, quoteInput } from "../errors.ts";
import { csvTable } from "./csvTable.ts";

/**
 * Nodes whose experts each node keeps, shape [nodes][nodes].
 * @param names of the nodes
 * @param gone nodes that failed or left earlier, whose rows count for nothing
 * @throws InputError with the line of a node that there is not
 */
export function readCopyTable(text: string, file: string, names: readonly string[], gone: readonly string[]): number[][] {
  const kept = names.map(() => new Set<number>());
  for (const { line, cells } of csvTable(text, file, ["node", "keeps"], [])) {
    const [keeper, node] = ["node", "keeps"].map((column) => {
      const name = cells.get(column) ?? "";
      const at = names.indexOf(name);
      if (at < 0 && !gone.includes(name))
        throw new InputError(`the plan has no node ${quoteInput(name)}; expected one of its nodes in column ${column}`, {
          file,
          line,
        });
      return at;
    }) as [number, number];
    if (keeper >= 0 && node >= 0) kept[keeper]!.add(node);
  }
  return kept.map((nodes) => [...nodes].sort((a, b) => a - b));
}
