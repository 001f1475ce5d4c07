/** Options of `recover` that would change nothing, for want of another one. */
import { UsageError } from "../errors.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";

const BARE = { hysteresis: 1, cooldown: 0, "review-steps": 100, overlap: 0 };

/** @throws UsageError when an option is given without the one that it is for */
export function checkIdle(options: RecoveryOptions): void {
  const weighs = options["if-worth"] || options.trigger?.kind === "gain";
  const wants = (name: keyof typeof BARE, hasUse: boolean, uses: string) => {
    if (!hasUse && options[name] !== BARE[name]) throw new UsageError(`--${name} is for ${uses}; add that, or leave this out`);
  };
  wants("hysteresis", weighs || options.trigger !== undefined, "--if-worth and --trigger");
  wants("cooldown", options.trigger !== undefined, "--trigger");
  wants("review-steps", weighs, "--if-worth and --trigger gain");
  wants("overlap", weighs, "--if-worth and --trigger gain");
  const files = [options.failed, options.drain].filter((source) => source !== undefined && "file" in source);
  const isListed = options.failed !== undefined && "file" in options.failed;
  if (options.rejoin && !isListed)
    throw new UsageError(
      "--rejoin is for lists with nodes that are up (--failed @FILE); name nodes that come back with --joined",
    );
  if (options.missing !== undefined && !isListed)
    throw new UsageError(
      "--missing is for lists of all nodes (--failed @FILE with kubectl get nodes, or sinfo), not for names; leave it out",
    );
  if (options.instances !== undefined && files.length === 0)
    throw new UsageError(
      "--instances names the nodes of --failed @FILE and --drain @FILE; typed names need none, so leave it out",
    );
  if (options.slots !== undefined && options.joined === undefined && !options.rejoin)
    throw new UsageError("--slots is for nodes that join; add --joined, or leave it out");
  if (options["rehearse-bytes"] !== undefined && !options.rehearse)
    throw new UsageError("--rehearse-bytes is for --rehearse; add that, or leave this out");
  if (options["max-moves"] !== undefined && options.prefer === "anew")
    throw new UsageError("--max-moves is for repairs, and --prefer anew asks for none; leave one of them out");
}

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
