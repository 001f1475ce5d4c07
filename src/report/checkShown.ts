/** Whether what a table is to show is there. */
import { UsageError } from "../errors.ts";

/** @throws UsageError about a node or a layer that the placement lacks */
export function checkShown(
  { node, layers: wanted }: { readonly node?: string | undefined; readonly layers?: readonly number[] | undefined },
  nodes: readonly { readonly name: string }[],
  layers: readonly { readonly layer: number }[],
): void {
  if (node !== undefined && !nodes.some(({ name }) => name === node)) {
    throw new UsageError(`--node ${node}: the placement has no such node, but ${range(nodes.map(({ name }) => name))}`);
  }
  const missing = wanted?.find((id) => !layers.some(({ layer }) => layer === id));
  if (missing !== undefined) {
    throw new UsageError(`--layers ${missing}: the placement has no such layer, but ${range(layers.map(({ layer }) => layer))}`);
  }
}

function range(all: readonly (string | number)[]): string {
  return all.length === 1 ? `${all[0]}` : `${all[0]} to ${all.at(-1)}`;
}
