/** Where experts that live nowhere are restored from. */
import type { ClusterNode } from "../core/layout/cluster.ts";
import type { Placement } from "../core/layout/placement.ts";
import type { Restorable } from "../core/reconfigure/restorable.ts";
import type { TierRates } from "../core/reconfigure/tierSeconds.ts";
import { hostCopies, neighbourCopies } from "../core/recovery/hostCopies.ts";
import { UsageError } from "../errors.ts";
import { readCopyTable } from "../formats/hostCopies.ts";
import { parseBandwidth, parseSeconds } from "../formats/units.ts";
import { openInput, readText } from "../io/input.ts";
import { type OptionValues, option } from "./option.ts";

export const restoreOptions = {
  restore: option({
    argument: "TIERS",
    parse: parseTiers,
    says: "Restore experts without a live replica instead of giving up: host=25GBps is what a node takes out of its own host memory, store=2GBps what all nodes together read from the checkpoint store, store-node=1GBps what one of them reads at most; each or several, between commas. Host memory comes first. Tiers and network run side by side; an expert is read from the store once, and sent on when all reads are done.",
  }),
  "host-copies-of": option({
    argument: "own|neighbour|FILE",
    parse: (text) => text,
    says: "Which nodes' experts a node has copies of in host memory, which fails with the node: its own (of use when single GPUs fail), those of the node before it in the plan, or what a CSV file with the columns node,keeps says, a row for each node of which one keeps the experts. Default: those of as many nodes before it as place --host-copies said, else its own.",
  }),
  "checkpoint-age": option({
    argument: "TIME",
    parse: parseSeconds,
    says: "In training: how old the checkpoint in the store is, which the plan says of experts restored from it.",
  }),
};

type RestoreValues = OptionValues<typeof restoreOptions>;

/** Rates such as host=25GBps,store=2GBps. @throws Error */
function parseTiers(text: string): TierRates {
  const keys = { host: "host", store: "store", "store-node": "storeNode" } as const;
  const rates: { [tier in "host" | "store" | "storeNode"]?: number } = {};
  for (const part of text.split(",")) {
    const [name = "", rate] = part.trim().split("=");
    if (!Object.hasOwn(keys, name) || rate === undefined)
      throw new Error("expected tiers with rates such as host=25GBps,store=2GBps,store-node=1GBps");
    const key = keys[name as keyof typeof keys];
    if (rates[key] !== undefined) throw new Error(`expected one rate of ${name}`);
    const value = parseBandwidth(rate);
    if (!(value > 0)) throw new Error(`expected more than 0 for ${name}`);
    rates[key] = value;
  }
  if (rates.storeNode !== undefined && rates.store === undefined)
    throw new Error("expected store=RATE, what all nodes together read, beside store-node");
  return rates;
}

/** @throws UsageError when options speak of a tier that there is not */
export function checkRestore({ restore, ...options }: RestoreValues): void {
  if (options["host-copies-of"] !== undefined && restore?.host === undefined)
    throw new UsageError("--host-copies-of is for --restore host=RATE; add that, or leave this out");
  if (options["checkpoint-age"] !== undefined && restore?.store === undefined)
    throw new UsageError("--checkpoint-age is for --restore store=RATE; add that, or leave this out");
}

/**
 * Where the experts of a placement have copies; nothing without --restore.
 * @param gone nodes that failed or left in earlier recoveries
 * @param neighbours how many nodes after each keep copies, where the placement says so
 * @throws InputError, IoError
 */
export async function restorableOf(
  old: Placement,
  { restore, "host-copies-of": copies }: RestoreValues,
  gone: readonly string[],
  neighbours: number | undefined,
): Promise<Restorable | undefined> {
  if (restore === undefined) return undefined;
  const keepers =
    restore.host === undefined ? undefined : hostCopies(old, await keptNodes(old.cluster, copies, gone, neighbours));
  return { keepers, store: restore.store !== undefined };
}

async function keptNodes(
  cluster: readonly ClusterNode[],
  copies: string | undefined,
  gone: readonly string[],
  neighbours: number | undefined,
): Promise<number[][]> {
  if (copies === undefined && neighbours !== undefined)
    return neighbourCopies(cluster.length, Math.min(neighbours, cluster.length - 1));
  if (copies === undefined || copies === "own") return cluster.map((_, node) => [node]);
  if (copies === "neighbour") return neighbourCopies(cluster.length);
  const input = openInput(copies);
  return readCopyTable(
    await readText(input),
    input.name,
    cluster.map(({ name }) => name),
    gone,
  );
}
