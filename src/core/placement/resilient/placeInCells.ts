/** Host sets of a whole cluster, cell by cell. */
import type { FailureUnits } from "../../recovery/failureUnits.ts";
import type { Effort } from "../policy.ts";
import type { Cell } from "./cell.ts";
import { type CellKind, type DividedCluster, divideCluster } from "./divideCluster.ts";
import type { ResilientProblem } from "./problem.ts";
import { searchCell } from "./searchCell.ts";
import type { StepGoal } from "./stepGoal.ts";
import { membersOf } from "./subsets.ts";

/** How to place: the options of `resilientHostSets`, without their defaults. */
export interface PlacementSearch {
  readonly units: FailureUnits;
  readonly minReplicas: number;
  readonly balanceSlack: number;
  readonly moves: number;
  /** First temperature where step time counts. */
  readonly hottest?: number | undefined;
  readonly seed: number;
  readonly goal: StepGoal | undefined;
  readonly effort: Effort;
  readonly shouldStop: () => boolean;
}

/** Nodes of each expert, ascending, shape [layers][experts][hosts]. */
export type LayerHosts = readonly (readonly (readonly number[])[])[];

/** Slack that loads are packed into cells with when balance has no limit of its own. */
const PACKING_SLACK = 0.02;

/**
 * Places all layers cell by cell.
 * @param fewestCells to divide the cluster into, where cells are whole
 * @returns host sets and the number of cells; undefined when the cluster cannot be divided into cells of the kind
 */
export function placeInCells(
  kind: CellKind,
  problem: ResilientProblem,
  search: PlacementSearch,
  fewestCells = 1,
): { hosts: LayerHosts; cells: number } | undefined {
  const { cluster, layers } = problem;
  const loads = layers.map((layer) => layer.loads);
  const packingLimit = 1 + Math.min(search.balanceSlack, PACKING_SLACK);
  const divided = divideCluster(kind, cluster, loads, { ...search, ...search.units, balanceLimit: packingLimit, fewestCells });
  if (divided === undefined) return undefined;
  const hosts: number[][][] = loads.map((layer) => layer.map(() => []));
  divided.nodes.forEach((nodes, c) => {
    const cell = makeCell(problem, search, divided, c);
    const cellHosts = hostsInCell(cell, { ...search, moves: search.moves / divided.nodes.length, seed: search.seed + c });
    divided.layers.forEach(({ cells }, l) => {
      cells[c]!.forEach(({ expert }, i) => {
        hosts[l]![expert]!.push(...cellHosts[l]![i]!.map((node) => nodes[node]!));
      });
    });
  });
  for (const set of hosts.flat()) set.sort((a, b) => a - b);
  return { hosts, cells: divided.nodes.length };
}

/** A cell as the search sees it: its nodes and failure units are numbered from 0. */
function makeCell({ cluster, layers }: ResilientProblem, search: PlacementSearch, divided: DividedCluster, c: number): Cell {
  const nodes = divided.nodes[c]!;
  const positions = divided.positions[c]!;
  const unitsOfNodes = nodes.map((node) => search.units.unitOfNode[node]!);
  const units = [...new Set(unitsOfNodes)];
  const clusterGpus = sum(cluster.map((node) => node.gpus));
  return {
    slots: nodes.map((node) => Math.min(cluster[node]!.slots, positions)),
    gpus: nodes.map((node) => cluster[node]!.gpus),
    unitOfNode: unitsOfNodes.map((unit) => units.indexOf(unit)),
    failureProbabilities: units.map(() => search.units.probability),
    nodesEach: nodes.map(() => 1),
    positions,
    minHosts: search.minReplicas,
    layers: layers.map((layer, l) => ({
      loads: divided.layers[l]!.cells[c]!.map((part) => part.load),
      meanPerGpu: sum(layer.loads) / clusterGpus,
    })),
    balanceLimit: 1 + search.balanceSlack,
    clusterGpus,
  };
}

/** Host sets in a cell as lists of its nodes; without a search where every node has room for all experts. */
function hostsInCell(cell: Cell, search: PlacementSearch): LayerHosts {
  if (Math.min(...cell.slots) >= cell.positions) {
    const everywhere = Array.from(cell.slots.keys());
    return cell.layers.map(({ loads }) => loads.map(() => everywhere));
  }
  return searchCell(cell, search).map((sets) => Array.from(sets, membersOf));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
