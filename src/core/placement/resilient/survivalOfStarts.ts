/** What the designs survive that a search starts from. */
import type { Placement } from "../../layout/placement.ts";
import { type FailureUnits, survivalUnder } from "../../recovery/failureUnits.ts";
import { SEARCHED_NODES } from "./divideCluster.ts";
import { groupedHosts, spreadHosts, useFreeSlots } from "./startingHosts.ts";

/**
 * Survival of the better one of a search's starts, before it meets the balance limit: what even a long search exceeds seldom.
 * @returns 1 where domains fail, nodes differ in slots, or the slots divide into no groups: nothing is known then
 */
export function survivalOfStarts({ cluster, layers }: Placement, minReplicas: number, units: FailureUnits): number {
  if (units.count < cluster.length) return 1;
  const experts = Math.max(...layers.map(({ loads }) => loads.length));
  const slots = cluster.map((node) => Math.min(node.slots, experts));
  if (new Set(slots).size > 1) return 1;
  const groups = groupedHosts(experts, slots, minReplicas, Math.ceil(experts / Math.min(...slots)));
  if (groups === undefined) return 1;
  const starts = [useFreeSlots(groups, slots)];
  // Larger clusters are searched in groups only.
  if (cluster.length <= SEARCHED_NODES) starts.push(spreadHosts(experts, slots, minReplicas));
  return Math.max(...starts.map((hosts) => survivalUnder([hosts.map((set) => set.toSorted((a, b) => a - b))], units, 0)));
}
