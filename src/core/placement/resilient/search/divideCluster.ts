/** Divides a cluster into cells small enough for exact tables, and the experts among them. */
import type { ClusterNode } from "../../../layout/cluster.ts";
import { type PackedLayer, packExperts } from "./packExperts.ts";

/** A cluster in parts, each with its nodes and its experts. */
export interface DividedCluster {
  /** Node ids, ascending, shape [cells][nodes of the cell]. */
  readonly nodes: readonly (readonly number[])[];
  /** Most experts that a cell hosts in a layer, shape [cells]. */
  readonly positions: readonly number[];
  /** Experts by layer and cell, shape [layers]. */
  readonly layers: readonly PackedLayer[];
}

/** Nodes of a cell that is searched, as a rule: its tables have 2^nodes entries for every layer. */
export const SEARCHED_NODES = 12;
/** Nodes of such a cell at most. */
export const MOST_SEARCHED_NODES = 16;

/** Divisions tried beyond the first when loads cannot be packed evenly. */
const MORE_DIVISIONS = 4;

/** What a division must respect. */
export interface DivisionRules {
  /** Hosts that every expert must get. */
  readonly minReplicas: number;
  /** What fails as one, shape [nodes]: cells span as many units as they can. */
  readonly unitOfNode: readonly number[];
  /** On the load per GPU of a cell over the mean. */
  readonly balanceLimit: number;
  /** Whole cells to have at least. */
  readonly fewestCells: number;
}

/** Whether every node of a cell holds all experts of the cell, or the cell is searched for host sets, large ones more slowly. */
export type CellKind = "whole" | "searched" | "large";

/**
 * Divides a cluster and the experts of its layers: into as few whole cells as hold all experts, or into cells just small enough
 * to be searched (a single one if it can be). As long as the loads cannot be packed evenly, more cells or more positions
 * follow.
 * @param loads tokens, shape [layers][experts]
 * @returns undefined when every division that was tried leaves some expert without its minimum of hosts
 */
export function divideCluster(
  kind: CellKind,
  cluster: readonly ClusterNode[],
  loads: readonly (readonly number[])[],
  { minReplicas, unitOfNode, balanceLimit, fewestCells }: DivisionRules,
): DividedCluster | undefined {
  const experts = Math.max(...loads.map((layer) => layer.length));
  const slots = cluster.map((node) => Math.min(node.slots, experts));
  const divisions =
    kind === "whole"
      ? wholeCells(slots, experts, unitOfNode, fewestCells)
      : searchedCells(slots, experts, unitOfNode, kind === "large" ? MOST_SEARCHED_NODES : SEARCHED_NODES);
  let best: DividedCluster | undefined;
  for (const { nodes, wanted, last } of divisions) {
    if (last && best) break;
    const positions = nodes.map((cell, c) =>
      feasiblePositions(
        cell.map((node) => slots[node]!),
        wanted[c]!,
        minReplicas,
      ),
    );
    if (sum(positions) < experts) continue;
    const gpus = nodes.map((cell) => sum(cell.map((node) => cluster[node]!.gpus)));
    const room = { positions, gpus, nodes: nodes.map((cell) => cell.length) };
    const layers = loads.map((layer) => packExperts(layer, room, balanceLimit));
    const divided = { nodes, positions, layers };
    if (best === undefined || worstBalance(divided) < worstBalance(best)) best = divided;
    if (worstBalance(best) <= balanceLimit) break;
  }
  return best;
}

/** Load per GPU of the busiest cell over the mean, worst layer. */
function worstBalance({ layers }: DividedCluster): number {
  return Math.max(...layers.map(({ balance }) => balance));
}

/** Nodes of each cell, and the positions that it should have if it can. */
interface Division {
  readonly nodes: readonly (readonly number[])[];
  readonly wanted: readonly number[];
  /** Only where no division before it worked out. */
  readonly last?: boolean;
}

function* wholeCells(
  slots: readonly number[],
  experts: number,
  unitOfNode: readonly number[],
  fewestCells: number,
): Generator<Division> {
  const fewest = Math.max(fewestCells, Math.ceil(experts / Math.min(...slots)));
  for (let cells = fewest; cells <= Math.min(fewest + MORE_DIVISIONS, slots.length); cells++) {
    const nodes = dealNodes(slots, unitOfNode, cells);
    yield { nodes, wanted: nodes.map((cell) => Math.min(...cell.map((node) => slots[node]!))) };
  }
}

function* searchedCells(
  slots: readonly number[],
  experts: number,
  unitOfNode: readonly number[],
  mostNodes: number,
): Generator<Division> {
  const cells = Math.ceil(slots.length / mostNodes);
  const nodes = dealNodes(slots, unitOfNode, cells);
  for (let more = 0; more <= MORE_DIVISIONS; more++) {
    const share = (cell: readonly number[]) => sum(cell.map((node) => slots[node]!)) / sum(slots);
    yield { nodes, wanted: nodes.map((cell) => Math.ceil((experts + more * (cells - 1)) * share(cell))) };
  }
  // Where minimum hosts fill the cluster, slots that do not divide evenly may fit in larger or smaller cells.
  for (let count = Math.ceil(slots.length / MOST_SEARCHED_NODES); count <= slots.length; count++) {
    const parts = dealNodes(slots, unitOfNode, count);
    yield { nodes: parts, wanted: parts.map(() => experts), last: true };
  }
}

/** Deals nodes to cells so that all cells have nodes of every size, and as few nodes of one unit as possible. */
function dealNodes(slots: readonly number[], unitOfNode: readonly number[], cells: number): number[][] {
  const nodes: number[][] = Array.from({ length: cells }, () => []);
  Array.from(slots.keys())
    .sort((a, b) => slots[b]! - slots[a]! || unitOfNode[a]! - unitOfNode[b]! || a - b)
    .forEach((node, i) => {
      nodes[i % cells]!.push(node);
    });
  return nodes.map((cell) => cell.sort((a, b) => a - b));
}

/** Positions, at most as many as wanted, that leave each its minimum of hosts. */
function feasiblePositions(slots: readonly number[], wanted: number, minHosts: number): number {
  for (let positions = wanted; positions > 0; positions--) {
    const usable = sum(slots.map((count) => Math.min(count, positions)));
    if (slots.length >= minHosts && usable >= positions * minHosts) return positions;
  }
  return 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
