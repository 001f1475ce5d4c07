/** Placement `resilient` after a change of nodes: what survived, repaired, where that is as good as a new placement. */
import { type HostBalance, hostBalance } from "../balance/hostBalance.ts";
import type { ClusterNode } from "../layout/cluster.ts";
import { FREE_SLOT, hostSets, type LayerLoads, type LayerPlacement, type Placement } from "../layout/placement.ts";
import { keptMinReplicas } from "../placement/allocation.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { BALANCE_SLACK, expectedFailures, type Policy } from "../placement/policy.ts";
import { MOST_SEARCHED_NODES } from "../placement/resilient/divideCluster.ts";
import { placeHosts } from "../placement/resilient/placeHosts.ts";
import { CHOICES } from "../placement/resilient/searchCell.ts";
import { survivalOfStarts } from "../placement/resilient/survivalOfStarts.ts";
import { type FailureUnits, failureUnits, survivalUnder } from "../recovery/failureUnits.ts";
import { freeRecoveryUpperBound } from "../recovery/freeRecoveryUpperBound.ts";
import { survivalProbability } from "../recovery/survivalProbability.ts";
import { betterParts, ownParts } from "./chooseParts.ts";
import { repairHosts } from "./repairHosts.ts";
import type { Survivors } from "./survivors.ts";

/** Survival probabilities no further apart count as equal: what little is to be won is not worth moving experts for. */
const EQUAL_SURVIVAL = 1e-5;
/** Products of fractions differ by rounding. */
const ROUNDING = 1 + 1e-9;

/** A placement that changes its nodes. */
export interface NearestPlacementProblem {
  readonly old: Placement;
  readonly survivors: Survivors;
  /** Loads to place by, of the survivors' layers. */
  readonly loads: readonly LayerLoads[];
  readonly policy: Policy;
}

/** A placement after a change of nodes. */
export interface NearestPlacement {
  readonly placement: MadePlacement;
  /** Whether it is what survived, repaired. */
  readonly isRepaired: boolean;
  /** Whether exchanges of experts would save no transfers any more. On small clusters, where nodes change parts, they may. */
  readonly isNearest: boolean;
}

/**
 * Repairs what survived of a `resilient` placement, and makes a new one only where the repaired one may fall short of it.
 *
 * The repaired placement is taken when its balance is within the policy's limit (where the old placement missed that: no worse than
 * the old one's was, under the old loads) and its survival is the upper bound's, or the new placement's. With effort fast, placements
 * that take a while to search need only survive as much as the designs from which a search starts, which are not yet within the limit.
 * @param anew makes a new placement by the policy
 */
export function nearestPlacement(problem: NearestPlacementProblem, anew: () => MadePlacement): NearestPlacement {
  const { survivors, policy } = problem;
  const units = failureUnits(survivors.cluster, expectedFailures(policy));
  const survivalOf = ({ layers }: Placement) => survivalUnder(layers.map(hostSets), units, policy.seed);
  const repaired = bestRepair(problem, units, survivalOf);
  if (repaired === undefined) return { placement: anew(), isRepaired: false, isNearest: false };
  const enough = survivalOf(repaired) + EQUAL_SURVIVAL;
  const isNearest = survivors.cluster.length > MOST_SEARCHED_NODES;
  const isEnough = () =>
    enough >= survivalBound(survivors, units) ||
    (saves(policy, survivors) && repaired.withinBalanceLimit && enough >= survivalOfStarts(survivors, policy.minReplicas, units));
  if (isEnough()) return { placement: repaired, isRepaired: true, isNearest };
  const fresh = anew();
  const isRepaired =
    fresh.withinBalanceLimit === repaired.withinBalanceLimit ? enough >= survivalOf(fresh) : repaired.withinBalanceLimit;
  return { placement: isRepaired ? repaired : fresh, isRepaired, isNearest: isRepaired && isNearest };
}

/** What survived, repaired with live nodes in their own parts, or in other ones if that survives more. */
function bestRepair(
  problem: NearestPlacementProblem,
  units: FailureUnits,
  survivalOf: (placement: Placement) => number,
): MadePlacement | undefined {
  const { old, survivors, policy } = problem;
  // Where step time counts, survival and balance are not all there is to a placement.
  const countsSteps = policy.objective === "goodput" || policy.stepBudget !== undefined;
  const hasCopies = ({ nodes }: LayerPlacement) =>
    nodes.some((slots) => slots.some((expert, slot) => expert !== FREE_SLOT && slots.indexOf(expert) < slot));
  if (policy.placement !== "resilient" || countsSteps || (old.spilled?.length ?? 0) > 0 || old.layers.some(hasCopies))
    return undefined;
  const own = ownParts(old, survivors);
  const repaired = repairedPlacement(problem, own, units);
  const better = betterParts(old, survivors, own, units, EQUAL_SURVIVAL);
  if (better === undefined || better.every((part, n) => part === own[n])) return repaired;
  const changed = repairedPlacement(problem, better, units);
  if (repaired === undefined || changed === undefined) return repaired ?? changed;
  if (repaired.withinBalanceLimit !== changed.withinBalanceLimit) return repaired.withinBalanceLimit ? repaired : changed;
  return survivalOf(changed) > survivalOf(repaired) + EQUAL_SURVIVAL ? changed : repaired;
}

/** Whether a search would take time that the policy would rather save; small placements are searched in no time. */
function saves({ effort }: Policy, { cluster, layers }: Survivors): boolean {
  const experts = Math.max(...layers.map(({ loads }) => loads.length));
  return effort === "fast" && cluster.length * experts * layers.length > CHOICES;
}

/** Most that any placement on these slots survives; 1 where domains fail, for which there is no bound. */
function survivalBound({ cluster, layers }: Survivors, { count, probability }: FailureUnits): number {
  if (count < cluster.length) return 1;
  const experts = Math.max(...layers.map(({ loads }) => loads.length));
  const bound = freeRecoveryUpperBound(
    experts,
    cluster.map((node) => node.slots),
  );
  const failures = bound.map((most, i) => ({ failed: i + 1, probability: most }));
  return survivalProbability({ failures }, probability).probability;
}

/** What survived, repaired with live nodes in these parts; undefined when that is not possible. */
function repairedPlacement(
  { old, survivors, loads, policy }: NearestPlacementProblem,
  parts: readonly number[],
  units: FailureUnits,
): MadePlacement | undefined {
  const { cluster } = survivors;
  const limit = 1 + (policy.balanceSlack ?? BALANCE_SLACK);
  const before = worstBalance(old.cluster, old.layers, old.layers.map(hostSets));
  const balanceLimit = Math.max(limit, before.nodes);
  const shareLimit = Math.max(limit, before.shares);
  const minReplicas = keptMinReplicas(cluster, loads, policy.minReplicas);
  const { seed, watch } = policy;
  const hosts = repairHosts({ old, survivors, parts, loads, minReplicas, balanceLimit, shareLimit, units, seed, watch });
  if (hosts === undefined) return undefined;
  const after = worstBalance(cluster, loads, hosts);
  if (after.nodes > balanceLimit * ROUNDING || after.shares > shareLimit * ROUNDING) return undefined;
  return {
    cluster,
    layers: loads.map((layer, l) => placeHosts(cluster, layer, hosts[l]!)),
    keptMinReplicas: Math.min(policy.minReplicas, ...hosts.map((sets) => Math.min(...sets.map((set) => set.length)))),
    withinBalanceLimit: after.nodes <= limit && after.shares <= limit,
    withinStepBudget: true,
  };
}

/** Balance of the worst layer. */
function worstBalance(
  cluster: readonly ClusterNode[],
  loads: readonly LayerLoads[],
  hosts: readonly (readonly (readonly number[])[])[],
): HostBalance {
  const gpus = cluster.map((node) => node.gpus);
  const balances = loads.map(({ loads: tokens }, l) => hostBalance(hosts[l]!, tokens, gpus));
  return {
    nodes: Math.max(1, ...balances.map(({ nodes }) => nodes)),
    shares: Math.max(0, ...balances.map(({ shares }) => shares)),
  };
}
