/** What place says where what was asked does not fit, or the plan does not keep it. */
import { type ClusterNode, totalSlots } from "../core/layout/cluster.ts";
import type { Policy } from "../core/placement/policy.ts";
import { UsageError } from "../errors.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";

/** What a plan beyond the limit on balance is worth, and why; its table says why, too. */
export async function beyondLimit(plan: PlacementDocument, { balanceSlack }: Policy): Promise<string> {
  const { givenUpText } = await import("../report/givenUpText.ts");
  const why = givenUpText(plan);
  return `no placement within --balance-slack ${balanceSlack} was found; --placement balanced may be more even${why === undefined ? "" : `. ${why}`}`;
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

/**
 * @param wanted replicas of every expert, where they were asked for
 * @throws UsageError when the slots do not hold every expert, or not as often as was asked
 */
export function checkFit(slots: number, experts: number, spill: "none" | "cpu", wanted: number | undefined): void {
  if (slots < experts && spill === "none") {
    throw new UsageError(
      `${experts} experts do not fit into ${slots} slots: ${experts - slots} more are needed; add nodes or slots, or --spill cpu`,
    );
  }
  if (wanted !== undefined && slots >= experts && slots < experts * wanted) {
    const missing = experts * wanted - slots;
    throw new UsageError(
      `--min-replicas ${wanted}: ${slots} slots cannot hold ${wanted} replicas of each of ${experts} experts: ${missing} more are needed; add nodes or slots, or give at most ${Math.floor(slots / experts)}`,
    );
  }
}
