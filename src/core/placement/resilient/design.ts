/** The state of the search: host sets by position, and in every layer the expert that takes each position. */
import { BalanceTable } from "./balanceTable.ts";
import { membersOf } from "./subsets.ts";
import type { SurvivalTable } from "./survivalTable.ts";

/** Host sets by position, with everything that is counted about them. */
export interface Design {
  /** Host set of each position as a bit mask, shape [positions]. */
  readonly hosts: Int32Array;
  /** Free slots of each node, shape [nodes]. */
  readonly free: Int32Array;
  readonly layers: readonly DesignLayer[];
  readonly survival: SurvivalTable;
}

/** What the search sees of one layer. */
export interface DesignLayer {
  /** Tokens of each expert, shape [experts]; at most as many experts as positions. */
  readonly loads: readonly number[];
  /** Expert at each position, shape [positions]; numbers beyond the experts stand for positions that stay empty. */
  readonly expert: Int32Array;
  /** Tokens of the expert at each position, shape [positions]. */
  readonly tokens: Float64Array;
  /** Room under the balance limit, for exactly these tokens on the design's host sets. */
  readonly balance: BalanceTable;
  /** Energy of one token above the limit. */
  readonly penalty: number;
}

/**
 * A change of hosts: position `first` gives up node `given` and takes node `taken`; position `second` the other way round. -1
 * stands for no node or, as `second`, for no position.
 */
export interface HostMove {
  readonly first: number;
  readonly second: number;
  readonly given: number;
  readonly taken: number;
}

/** Energy of a node's mean tokens above a balance limit, beside the logarithm of the probability that the job is lost. */
const EXCESS_ENERGY = 3;

/**
 * A design on given host sets; they enter the survival table.
 * @param slots of each node, shape [nodes]
 */
export function makeDesign(
  hosts: Int32Array,
  slots: readonly number[],
  survival: SurvivalTable,
  layers: readonly DesignLayer[],
): Design {
  const free = Int32Array.from(slots);
  for (const set of hosts) {
    survival.add(set);
    for (const node of membersOf(set)) free[node]!--;
  }
  return { hosts, free, layers, survival };
}

/**
 * A layer of a design.
 * @param expert expert that takes each position, shape [positions]
 * @param gpus GPUs of every node set, shape [2^nodes]
 */
export function makeDesignLayer(
  loads: readonly number[],
  expert: Int32Array,
  hosts: Int32Array,
  gpus: Float64Array,
  balanceLimit: number,
): DesignLayer {
  const total = loads.reduce((sum, load) => sum + load, 0);
  const nodes = Math.log2(gpus.length);
  const balance = new BalanceTable(gpus, total, balanceLimit);
  const tokens = Float64Array.from(expert, (e) => loads[e] ?? 0);
  hosts.forEach((set, position) => {
    balance.change(set, 0, tokens[position]!);
  });
  return { loads, expert, tokens, balance, penalty: total === 0 ? 0 : (EXCESS_ENERGY * nodes) / total };
}

/** Changes hosts in the design and in the survival table, not yet in the layers. */
export function moveHosts(design: Design, { first, second, given, taken }: HostMove): void {
  changeHosts(design, first, given, taken);
  if (second >= 0) changeHosts(design, second, taken, given);
}

function changeHosts({ hosts, free, survival }: Design, position: number, from: number, to: number): void {
  const before = hosts[position]!;
  const after = changed(before, from, to);
  if (from >= 0) free[from]!++;
  if (to >= 0) free[to]!--;
  hosts[position] = after;
  survival.add(after);
  survival.remove(before);
}

/** The move that takes a move back. */
export function reversed({ first, second, given, taken }: HostMove): HostMove {
  return { first, second, given: taken, taken: given };
}

/** Carries a move that the design has made over to one of its layers. */
export function moveTokens({ hosts }: Design, layer: DesignLayer, { first, second, given, taken }: HostMove): void {
  changeTokens(layer, first, changed(hosts[first]!, taken, given), given, taken);
  if (second >= 0) changeTokens(layer, second, changed(hosts[second]!, given, taken), taken, given);
}

/** Takes a move back in a layer while the design still has it. */
export function takeBackTokens({ hosts }: Design, layer: DesignLayer, { first, second, given, taken }: HostMove): void {
  changeTokens(layer, first, hosts[first]!, taken, given);
  if (second >= 0) changeTokens(layer, second, hosts[second]!, given, taken);
}

/** Tokens of a position whose hosts in the layer's table are `present` leave node `from` and come to node `to`. */
function changeTokens({ tokens, balance }: DesignLayer, position: number, present: number, from: number, to: number): void {
  const count = tokens[position]!;
  if (count === 0) return;
  if (from < 0) balance.grow(present, to, count);
  else if (to < 0) balance.shrink(present, from, count);
  else balance.exchange(present, from, to, count);
}

/** A set without one node and with another; -1 stands for none. */
function changed(set: number, removed: number, added: number): number {
  return (set & ~bitOf(removed)) | bitOf(added);
}

function bitOf(node: number): number {
  return node < 0 ? 0 : 1 << node;
}

/** The experts at two positions of a layer take each other's host sets. */
export function swapExperts({ hosts }: Design, { tokens, expert, balance }: DesignLayer, first: number, second: number): void {
  const [before, after] = [tokens[first]!, tokens[second]!];
  if (before !== after) {
    balance.change(hosts[first]!, before, after);
    balance.change(hosts[second]!, after, before);
    tokens[first] = after;
    tokens[second] = before;
  }
  const moved = expert[first]!;
  expert[first] = expert[second]!;
  expert[second] = moved;
}

/** Energy of the tokens above the balance limits of all layers. */
export function penaltyOf({ layers }: Design): number {
  let penalty = 0;
  for (const layer of layers) penalty += layer.balance.excess * layer.penalty;
  return penalty;
}

/** Host sets and experts, to come back to. */
export interface Snapshot {
  readonly hosts: Int32Array;
  readonly experts: readonly Int32Array[];
}

/** Copies the state of a design. */
export function snapshot({ hosts, layers }: Design): Snapshot {
  return { hosts: hosts.slice(), experts: layers.map(({ expert }) => expert.slice()) };
}

/** Copies the state of a design over an older copy. */
export function retake({ hosts, experts }: Snapshot, design: Design): void {
  hosts.set(design.hosts);
  design.layers.forEach(({ expert }, l) => {
    experts[l]!.set(expert);
  });
}

/** Brings a design back to a state that was copied before. */
export function restore(design: Design, { hosts, experts }: Snapshot): void {
  for (const { tokens, balance } of design.layers) {
    tokens.forEach((count, position) => {
      balance.change(design.hosts[position]!, count, 0);
    });
  }
  for (const set of design.hosts) design.survival.remove(set);
  design.hosts.forEach((set, position) => {
    for (const node of membersOf(set)) design.free[node]!++;
    for (const node of membersOf(hosts[position]!)) design.free[node]!--;
  });
  design.hosts.set(hosts);
  for (const set of hosts) design.survival.add(set);
  design.layers.forEach(({ loads, expert, tokens, balance }, l) => {
    expert.set(experts[l]!);
    expert.forEach((e, position) => {
      tokens[position] = loads[e] ?? 0;
      balance.change(hosts[position]!, 0, tokens[position]!);
    });
  });
}
