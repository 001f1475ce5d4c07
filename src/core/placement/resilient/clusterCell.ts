/** A whole cluster as one cell, node by node or in blocks of nodes. */
import { totalGpus } from "../../layout/cluster.ts";
import type { LayerLoads } from "../../layout/placement.ts";
import type { FailureUnits } from "../../recovery/failureUnits.ts";
import type { Cell } from "./cell.ts";
import type { ResilientProblem } from "./problem.ts";

/**
 * The cell of a cluster. A block of several nodes, which host the same experts, fails when all its nodes do.
 * @param blocks node ids, shape [blocks][nodes of the block]; single nodes where domains fail
 * @param rules hosts, counted in blocks, that every expert must have; limit on the busiest GPU's tokens over the mean
 */
export function clusterCell(
  { cluster, layers }: Omit<ResilientProblem, "minReplicas">,
  blocks: readonly (readonly number[])[],
  units: FailureUnits,
  rules: Pick<Cell, "minHosts" | "balanceLimit">,
): Cell {
  const positions = Math.max(...layers.map(({ loads }) => loads.length));
  const domainsFail = units.count < cluster.length;
  const clusterGpus = totalGpus(cluster);
  return {
    ...rules,
    slots: blocks.map((block) => Math.min(positions, ...block.map((node) => cluster[node]!.slots))),
    gpus: blocks.map((block) => totalGpus(block.map((node) => cluster[node]!))),
    unitOfNode: blocks.map(([node], b) => (domainsFail ? units.unitOfNode[node!]! : b)),
    failureProbabilities: domainsFail
      ? new Array<number>(units.count).fill(units.probability)
      : blocks.map((block) => units.probability ** block.length),
    nodesEach: blocks.map((block) => block.length),
    positions,
    layers: layers.map(({ loads }: LayerLoads) => ({
      loads,
      meanPerGpu: loads.reduce((sum, load) => sum + load, 0) / clusterGpus,
    })),
    clusterGpus,
  };
}
