/** DeepSeek's expert-parallel load balancer (EPLB): balance for inference, blind to failures; a baseline. */
import { Infeasible } from "../../layout/infeasible.ts";
import { packEvenly } from "./packEvenly.ts";
import { replicateExperts } from "./replicateExperts.ts";

/** The machines and expert groups that EPLB balances over. */
export interface EplbShape {
  /** Physical experts (replicas) of a layer over all GPUs. */
  readonly slots: number;
  /** Expert groups: runs of consecutive experts that group-limited routing keeps on one node. */
  readonly groups: number;
  readonly nodes: number;
  readonly gpus: number;
}

/** Where EPLB puts the replicas. A physical expert is a slot, counted through all GPUs in rank order. */
export interface EplbPlacement {
  /** `hierarchical` keeps a group's experts on one node; `global` ignores groups and nodes. */
  readonly policy: "hierarchical" | "global";
  /** Expert in each slot, shape [layers][slots]. */
  readonly physicalToLogical: number[][];
  /** Copies of each expert, shape [layers][experts]. */
  readonly replicas: number[][];
  /** Slots of each expert's replicas in the order they were made, shape [layers][experts][replicas of the expert]. */
  readonly logicalToPhysical: number[][][];
}

/**
 * Places every layer as DeepSeek's EPLB does (github.com/deepseek-ai/EPLB), equal to it bit for bit when its sorts are stable:
 *
 * 1. Pack the expert groups onto nodes.
 * 2. Replicate the busiest experts within each node.
 * 3. Pack a node's replicas onto its GPUs.
 *
 * When the groups do not divide among the nodes, the whole cluster counts as one node with one group (the global policy).
 * All arithmetic is float32. Group loads add up one expert at a time, which can differ from EPLB in the last bit when loads are
 * not whole numbers.
 * @param loads tokens of each expert, shape [layers][experts]; fractions are legal
 * @throws RangeError when a count is not positive or does not divide as the policy needs, or a load is not a float32 >= 0
 */
export function eplbPlacement(loads: readonly ArrayLike<number>[], shape: EplbShape): EplbPlacement {
  checkShape(shape);
  const policy = shape.groups % shape.nodes === 0 ? "hierarchical" : "global";
  const packing = policy === "hierarchical" ? shape : { ...shape, groups: 1, nodes: 1 };
  const layers = loads.map((layer) => placeLayer(toFloat32(layer, packing), packing));
  return {
    policy,
    physicalToLogical: layers.map((layer) => layer.experts),
    replicas: layers.map((layer) => layer.slots.map((slots) => slots.length)),
    logicalToPhysical: layers.map((layer) => layer.slots),
  };
}

/** One layer: expert in each slot, shape [slots], and slots of each expert, shape [experts][replicas]. */
function placeLayer(weights: readonly number[], shape: EplbShape): { experts: number[]; slots: number[][] } {
  const { groups, nodes, gpus } = shape;
  const expertsPerNode = weights.length / nodes;
  const slotsPerNode = shape.slots / nodes;
  const experts = new Array<number>(shape.slots).fill(0);
  const slots: number[][] = weights.map(() => []);

  const order = expertsByNode(packEvenly(groupWeights(weights, groups), nodes), weights.length / groups);
  for (let node = 0; node < nodes; node++) {
    const local = order.slice(node * expertsPerNode, (node + 1) * expertsPerNode);
    const localWeights = local.map((expert) => weights[expert]!);
    const made = replicateExperts(localWeights, slotsPerNode, float32Share);
    const shares = made.experts.map((i) => float32Share(localWeights[i]!, made.counts[i]!));
    packEvenly(shares, gpus / nodes).forEach((place, replica) => {
      const slot = node * slotsPerNode + place;
      const expert = local[made.experts[replica]!]!;
      experts[slot] = expert;
      slots[expert]!.push(slot);
    });
  }
  return { experts, slots };
}

/** What one of `count` replicas carries. */
function float32Share(weight: number, count: number): number {
  return Math.fround(weight / count);
}

/** Tokens of each group of consecutive experts, shape [groups]. */
function groupWeights(weights: readonly number[], groups: number): number[] {
  const size = weights.length / groups;
  const sums = new Array<number>(groups).fill(0);
  weights.forEach((weight, expert) => {
    const group = Math.floor(expert / size);
    sums[group] = Math.fround(sums[group]! + weight);
  });
  return sums;
}

/** Experts in the order of their groups' places, shape [experts]: each node's experts lie together. */
function expertsByNode(groupPlaces: readonly number[], groupSize: number): number[] {
  const order = new Array<number>(groupPlaces.length * groupSize).fill(0);
  groupPlaces.forEach((place, group) => {
    for (let i = 0; i < groupSize; i++) order[place * groupSize + i] = group * groupSize + i;
  });
  return order;
}

function checkShape({ slots, groups, nodes, gpus }: EplbShape): void {
  for (const [what, count] of Object.entries({ slots, groups, nodes, gpus })) {
    if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${what} must be a positive whole number, got ${count}`);
  }
  checkDivides(slots, "slots", gpus, "GPUs");
  if (groups % nodes === 0) checkDivides(gpus, "GPUs", nodes, "nodes");
}

function checkDivides(whole: number, what: string, parts: number, into: string): void {
  if (whole % parts === 0) return;
  throw new Infeasible(`${what} must divide evenly among the ${into}: ${whole} ${what}, ${parts} ${into}`);
}

/** A layer's loads as float32 values, shape [experts]. */
function toFloat32(loads: ArrayLike<number>, { slots, groups }: EplbShape): number[] {
  const experts = loads.length;
  if (experts < 1) throw new RangeError("a layer must have at least one expert");
  if (experts > slots) throw new Infeasible(`${experts} experts do not fit into ${slots} slots: ${experts - slots} are missing`);
  checkDivides(experts, "experts", groups, "groups");
  const weights: number[] = [];
  for (let expert = 0; expert < experts; expert++) {
    const weight = Math.fround(loads[expert]!);
    if (!(weight >= 0 && weight < Infinity)) {
      throw new Infeasible(`load of expert ${expert} must be a float32 that is not negative, got ${loads[expert]}`);
    }
    weights.push(weight);
  }
  return weights;
}
