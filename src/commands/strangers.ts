/** Nodes that a placement does not have, and what to make of them. */
import { InputError, shownName, UsageError } from "../errors.ts";
import { closestNode } from "./closestNode.ts";
import type { SaidNodes } from "./nodeSource.ts";
import { warn } from "./warn.ts";

/** A few of some names. */
export function listedNames(names: readonly string[]): string {
  const few = (names.length <= 8 ? names : names.slice(0, 6)).map(shownName).join(", ");
  return names.length <= 8 ? few : `${few}, ... ${shownName(names.at(-1) as string)} (${names.length} nodes)`;
}

/**
 * A person should not name nodes that a placement does not have, nor leave a header out; a cluster manager may well name others,
 * which a warning counts.
 * @param known nodes of the placement
 * @param strangers other nodes that were named
 * @param gone nodes that it had, of which one may be meant
 * @throws UsageError, InputError
 */
export function refuseStrangers(
  said: SaidNodes,
  known: readonly string[],
  strangers: readonly string[],
  gone: readonly string[],
): void {
  if (strangers.length === 0) return;
  const { option, file, names, rows } = said;
  const instances = !said.instances && strangers.some((name) => /^i-[0-9a-f]+/.test(name));
  const has = `the placement has ${listedNames(known)}${instances ? "; --instances names the nodes of AWS instances" : ""}`;
  for (const row of rows) {
    const odd = row.names.find((name) => strangers.includes(name));
    if (odd !== undefined && file !== undefined) {
      throw new InputError(
        `"${shownName(odd)}" is no node; expected a host list, or a table with its header (sinfo without -h), one column of it the state; ${has}`,
        { file, line: row.line },
      );
    }
  }
  for (const name of names === undefined ? [] : strangers) {
    const meant = closestNode(name, [...known, ...gone]);
    if (meant !== undefined)
      throw new UsageError(`--${option}: there is no node "${shownName(name)}"; did you mean ${shownName(meant)}? (${has})`);
  }
  if (file === undefined || instances) {
    const which =
      strangers.length === 1
        ? `there is no node "${shownName(strangers[0] as string)}"`
        : `there are no nodes ${listedNames(strangers)}`;
    throw new UsageError(`--${option}: ${which}; ${has}`);
  }
  const what = option === "failed" ? "failed nodes" : "nodes to drain";
  warn(`${what} that the placement does not have are left out: ${listedNames(strangers)}`);
}
