import { type ClusterNode, totalSlots } from "../../layout/cluster.ts";
import { keptThreshold } from "../allocation.ts";

/**
 * Distinct nodes that every expert can have: `minReplicas`, or less when the nodes do not hold that many.
 *
 * Nodes with c_n slots take `experts` experts with f distinct hosts each if and only if the sum of min(c_n, experts) is at least
 * experts * f (Gale-Ryser with equal row sums).
 * @throws RangeError when there are fewer slots than experts
 */
export function keptHosts(cluster: readonly ClusterNode[], experts: number, minReplicas: number): number {
  const useful = cluster.reduce((sum, node) => sum + Math.min(node.slots, experts), 0);
  return Math.min(keptThreshold(experts, totalSlots(cluster), minReplicas), Math.floor(useful / experts));
}
