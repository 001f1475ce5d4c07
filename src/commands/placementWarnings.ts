/** What place says of a plan that does not keep what was asked. */
import { type ClusterNode, totalSlots } from "../core/layout/cluster.ts";
import type { Policy } from "../core/placement/policy.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";

/** What a plan beyond the limit on balance is worth, and why; its table says why, too. */
export async function beyondLimit(plan: PlacementDocument, { balanceSlack }: Policy): Promise<string> {
  const { givenUpText } = await import("../report/givenUpText.ts");
  const why = givenUpText(plan);
  return `no placement within --balance-slack ${balanceSlack} was found that survives as much as this one; --placement balanced may be more even${why === undefined ? "" : `. ${why}`}`;
}

/** Why fewer replicas are kept than the policy wants. */
export function lowered(
  kept: number,
  { placement, minReplicas }: Policy,
  cluster: readonly ClusterNode[],
  experts: number,
): string {
  const slots = totalSlots(cluster);
  const nodes = cluster.length;
  if (nodes < minReplicas)
    return `${nodes === 1 ? "one node holds" : `${nodes} nodes hold`} only ${kept} of ${minReplicas} replicas apart; --min-replicas is lowered`;
  return slots < experts * minReplicas
    ? `${slots} slots hold only ${kept} of ${minReplicas} replicas of each of ${experts} experts; --min-replicas is lowered`
    : `${placement} gives some experts only ${kept} of ${minReplicas} replicas; it does not know --min-replicas`;
}
