/** How many slots there are: on a node, on all GPUs together, or the fewest that reach a goal. */
import { type ClusterNode, totalGpus, totalSlots } from "../core/layout/cluster.ts";
import type { RedundancyGoal } from "../core/placement/redundancyGoal.ts";
import { UsageError } from "../errors.ts";
import { parseBytes, parseCount, parseNumber } from "../formats/units.ts";
import { clusterOptions, readCluster, readUnslottedCluster } from "./clusterOptions.ts";
import { type OptionValues, option } from "./option.ts";

const MOST_SLOTS = 100_000_000;

export const slotOptions = {
  ...clusterOptions,
  "total-slots": option({
    argument: "N",
    parse: parseCount(1, MOST_SLOTS),
    says: "Slots of all GPUs together, in each layer (the physical experts of serving engines), instead of --slots; the GPUs divide them evenly.",
  }),
  "redundant-experts": option({
    argument: "N",
    parse: parseCount(0, MOST_SLOTS),
    says: "Slots of all GPUs together beyond one for each expert, instead of --slots: SGLang's --ep-num-redundant-experts and vLLM's num_redundant_experts.",
  }),
  survive: option({
    argument: "N",
    parse: parseCount(1),
    says: "With --slots auto: that no N failures, of nodes or whatever --failure-unit says, ever lose an expert. Every expert gets N + 1 replicas at least.",
  }),
  survival: option({
    argument: "P",
    parse: (text) => {
      const probability = parseNumber(0, 1)(text);
      if (probability === 0 || probability === 1) throw new Error("expected a number between 0 and 1, such as 0.999");
      return probability;
    },
    says: "With --slots auto: that every expert is left with probability P, when each node fails with --failure-probability.",
  }),
  "expert-bytes": option({
    argument: "SIZE",
    parse: parseBytes,
    says: "With --slots auto: size of an expert, to say how much memory of a GPU the slots take; with --from, to say how many bytes are fetched. --model, with weights and optimizer state, says it, too.",
  }),
};

type SlotOptions = OptionValues<typeof slotOptions>;

/** The nodes of a cluster, and what is said about their slots. */
export interface WantedCluster {
  /** The nodes; with one slot on each GPU where slots are not given by the node. */
  readonly nodes: readonly ClusterNode[];
  /** The nodes with their slots for layers of so many experts. @throws UsageError when they cannot have as many */
  readonly withSlots: (experts: number) => readonly ClusterNode[];
  /** What the fewest slots are to reach, with --slots auto. */
  readonly goal: RedundancyGoal | undefined;
}

/**
 * The cluster that the options describe.
 * @throws UsageError when they contradict each other, or do not say how many nodes or slots there are
 */
export async function readWantedCluster(
  options: SlotOptions & { readonly "min-replicas": number | undefined },
): Promise<WantedCluster> {
  const { slots, survive, survival } = options;
  const given = (["slots", "total-slots", "redundant-experts"] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    throw new UsageError(`--${given[0]} and --${given[1]} both say how many slots there are; give one of them`);
  }
  if (slots !== "auto") {
    const useless = (["survive", "survival", "expert-bytes"] as const).find((name) => options[name] !== undefined);
    if (useless !== undefined) throw new UsageError(`--${useless} is for --slots auto; add that, or leave this out`);
  }
  if (slots === "auto") {
    if (survive === undefined && survival === undefined) {
      throw new UsageError("--slots auto: enough for what? add --survive N for N failures, or --survival P");
    }
    const nodes = await readUnslottedCluster(options, "--slots auto");
    return { nodes, withSlots: () => nodes, goal: { survive, survival, minReplicas: options["min-replicas"] } };
  }
  const [name] = given;
  if (name === "total-slots" || name === "redundant-experts") {
    const nodes = await readUnslottedCluster(options, `--${name}`);
    return { nodes, withSlots: (experts) => withTotal(nodes, experts, name, options[name]!), goal: undefined };
  }
  const nodes = await readCluster({ ...options, slots });
  return { nodes, withSlots: () => nodes, goal: undefined };
}

/** Deals slots to all GPUs evenly. */
function withTotal(
  nodes: readonly ClusterNode[],
  experts: number,
  name: "total-slots" | "redundant-experts",
  asked: number,
): ClusterNode[] {
  const gpus = totalGpus(nodes);
  const before = name === "total-slots" ? 0 : experts;
  const total = before + asked;
  if (total % gpus !== 0) {
    const below = total - (total % gpus);
    const nearest = (below >= experts && below > 0 ? [below, below + gpus] : [below + gpus]).map((slots) => slots - before);
    const sum = before === 0 ? "" : `${experts} experts and ${asked} more are ${total} slots; `;
    throw new UsageError(
      `--${name} ${asked}: ${sum}${gpus} GPUs cannot share ${total} slots evenly; pass ${nearest.join(" or ")}`,
    );
  }
  return nodes.map((node) => ({ ...node, slots: (total / gpus) * node.gpus }));
}

/** What --slots was taken for where it is more than a node has experts for: serving engines count the slots of all GPUs. */
export function slotsUnderstood(slots: SlotOptions["slots"], nodes: readonly ClusterNode[], experts: number): string | undefined {
  if (typeof slots !== "number" || slots <= experts || nodes.length === 1) return undefined;
  return `--slots ${slots} is for each node, which is more than ${experts} expert${experts === 1 ? "" : "s"}: ${totalSlots(nodes)} slots on ${nodes.length} nodes; for ${slots} on all of them together pass --total-slots ${slots}`;
}
