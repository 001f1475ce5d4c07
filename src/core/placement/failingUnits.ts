/** What fails as one, and which of it every expert needs. */
import { allHostSets, type Placement } from "../layout/placement.ts";
import { failureDomains, hostDomains } from "../recovery/failureDomains.ts";

/** Units 0..count-1 that fail, and the host sets over them of every expert of all layers together, each ascending. */
export interface FailingUnits {
  readonly count: number;
  readonly hostSets: readonly (readonly number[])[];
}

/** The nodes of a placement, and its failure domains; nothing for these when no two nodes share one. */
export function failingUnits(placement: Placement): { readonly nodes: FailingUnits; readonly domains?: FailingUnits } {
  const { cluster } = placement;
  const hostSets = allHostSets(placement).flat();
  const nodes = { count: cluster.length, hostSets };
  const domains = failureDomains(cluster);
  if (domains.count === cluster.length) return { nodes };
  return { nodes, domains: { count: domains.count, hostSets: hostDomains(hostSets, domains) } };
}
