/** Options of `recover` that do something only beside others. */
import { UsageError } from "../errors.ts";
import { isFor, type Need } from "./needs.ts";
import { planNeeds } from "./planOptions.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";

const weighs = (options: RecoveryOptions) => options["if-worth"] || options.trigger?.kind === "gain";
const isListed = (source: RecoveryOptions["failed"] | RecoveryOptions["drain"]) => source !== undefined && "file" in source;

export const recoverNeeds: readonly Need<RecoveryOptions>[] = [
  {
    options: ["hysteresis"],
    isMet: (options) => weighs(options) || options.trigger !== undefined,
    says: isFor("--if-worth and --trigger"),
  },
  { options: ["cooldown"], isMet: ({ trigger }) => trigger !== undefined, says: isFor("--trigger") },
  { options: ["review-steps", "overlap"], isMet: weighs, says: isFor("--if-worth and --trigger gain") },
  {
    options: ["rejoin"],
    isMet: ({ failed }) => isListed(failed),
    says: "is for lists with nodes that are up (--failed @FILE); name nodes that come back with --joined",
  },
  {
    options: ["missing"],
    isMet: ({ failed }) => isListed(failed),
    says: "is for lists of all nodes (--failed @FILE with kubectl get nodes, or sinfo), not for names; leave it out",
  },
  {
    options: ["instances"],
    isMet: ({ failed, drain }) => isListed(failed) || isListed(drain),
    says: "names the nodes of --failed @FILE and --drain @FILE; typed names need none, so leave it out",
  },
  {
    options: ["slots"],
    isMet: ({ joined, rejoin }) => joined !== undefined || rejoin,
    says: "is for nodes that join; add --joined, or leave it out",
  },
  { options: ["rehearse-bytes"], isMet: ({ rehearse }) => rehearse, says: isFor("--rehearse") },
  {
    options: ["max-moves"],
    isMet: ({ prefer }) => prefer !== "anew",
    says: "is for repairs, and --prefer anew asks for none; leave one of them out",
  },
  ...planNeeds,
];

/**
 * What only plans of other systems need to be told.
 * @param asked whether there was such a plan
 * @throws UsageError when our own, which has its nodes, are told so, too
 */
export function checkForeign({ nodes, cluster, gpus, joined, rejoin }: RecoveryOptions, asked: boolean): void {
  if (asked) return;
  if (nodes !== undefined || cluster !== undefined)
    throw new UsageError(
      `--${nodes === undefined ? "cluster" : "nodes"} is for plans of other systems, and this one names its nodes; leave it out (--joined for nodes that come)`,
    );
  if (gpus !== undefined && joined === undefined && !rejoin)
    throw new UsageError("--gpus is for nodes that join, and for plans of other systems; add --joined, or leave it out");
}
