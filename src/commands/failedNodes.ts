/** Names of failed nodes, found in a placement. */
import type { Placement } from "../core/layout/placement.ts";
import { UsageError } from "../errors.ts";
import type { FailedSource } from "./failedOption.ts";
import { warn } from "./warn.ts";

/** Characters of a node's name in a message. */
const LONGEST_NAME = 64;

/** The failed nodes that a placement has; a cluster manager may well name others, a person should not. */
export function failedNodes({ cluster }: Placement, source: FailedSource | undefined, named: readonly string[]): number[] {
  const numberOf = new Map(cluster.map(({ name }, node) => [name, node]));
  const strangers = named.filter((name) => !numberOf.has(name));
  const known = named.flatMap((name) => numberOf.get(name) ?? []);
  if (strangers.length === 0) return known;
  const whereFrom = source !== undefined && "file" in source ? source.file : undefined;
  if (whereFrom === undefined || strangers.length === named.length) {
    const which =
      strangers.length === 1 ? `there is no node "${shown(strangers[0]!)}"` : `there are no nodes ${listed(strangers)}`;
    const instances = strangers.some((name) => /^i-[0-9a-f]+$/.test(name))
      ? "; --instances names the nodes of AWS instances"
      : "";
    throw new UsageError(`--failed: ${which}; the placement has ${listed(cluster.map((node) => node.name))}${instances}`);
  }
  warn(`failed nodes that the placement does not have are left out: ${listed(strangers)}`);
  return known;
}

function listed(names: readonly string[]): string {
  const few = (names.length <= 8 ? names : names.slice(0, 6)).map(shown).join(", ");
  return names.length <= 8 ? few : `${few}, ... ${shown(names.at(-1)!)} (${names.length} nodes)`;
}

function shown(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}
