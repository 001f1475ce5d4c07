/** Makes the ways to a placement on the live nodes, a repair and a new one, as far as they are worth looking at, and takes one. */
import { totalSlots } from "../layout/cluster.ts";
import { fewestHosts, type LayerLoads, type Placement } from "../layout/placement.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { type PlacementPolicyName, type Policy, sharesOf } from "../placement/policy.ts";
import { betterWay, isGoodEnough, type Preference, type WayFigures, type Ways, wayFigures } from "./chooseWay.ts";
import type { MappingPolicyName } from "./mapNodes.ts";
import { placeResidents } from "./placeResidents.ts";
import { type Reconfiguration, reconfigure } from "./reconfigure.ts";
import { type RecoverySpeed, secondsOf } from "./recoverySeconds.ts";
import { orderedRepair } from "./repair/orderedRepair.ts";
import { repairPlacement } from "./repair/repairPlacement.ts";
import { repairOnGpus } from "./repairOnGpus.ts";
import { landed } from "./restore.ts";
import { keepInMemory, MEMORY_COPIES } from "./spillExperts.ts";
import type { Survivors } from "./survivors.ts";

/** A placement and the way there. */
interface Way {
  readonly placement: MadePlacement;
  readonly change: Reconfiguration;
  readonly figures: WayFigures;
}

/** What ways are chosen for. */
interface WayProblem {
  readonly old: Placement;
  readonly madeBy?: PlacementPolicyName | undefined;
  readonly mapping?: MappingPolicyName;
  readonly prefer?: Preference;
  readonly maxMoves?: number | undefined;
  readonly speed: RecoverySpeed;
  /** The old placement before any of its GPUs failed. */
  readonly whole: Placement;
  readonly live: Survivors;
  readonly loads: readonly LayerLoads[];
  readonly policy: Policy;
  readonly holdsAll: boolean;
}

/** Repairs or places anew, or both to compare. */
export function takeWay(problem: WayProblem): { readonly taken: Way; readonly ways: Ways } {
  const { old, whole, live, loads, policy, madeBy, mapping = "optimal", maxMoves, holdsAll, prefer = "auto" } = problem;
  const keepDomains = policy.failureUnit === "domain";
  const way = (placement: MadePlacement, isRepair: boolean): Way => {
    const change = reconfigure({
      survivors: live,
      plan: placement.layers,
      // A repair is made on the nodes as they are, whatever finds them parts of a new placement.
      mapping: isRepair ? "optimal" : mapping,
      keepDomains,
      ...(mapping === "optimal" && !isRepair ? { exchange: sharesOf(policy) } : {}),
    });
    const { transferSeconds } = secondsOf(change, problem.speed);
    const placed = { ...placement, layers: change.placement.layers, spilled: change.spilled };
    return { placement, change, figures: wayFigures(placed, change.transfers.length, transferSeconds, policy) };
  };
  const repair = (isModest: boolean) => {
    const placement = (policy.failureUnit === "gpu" ? repairOnGpus : repairPlacement)({
      old,
      whole,
      survivors: landed(live, true).survivors,
      loads,
      policy,
      isModest,
    });
    return way(placement, true);
  };
  // With more slots than before more can be had than there was.
  const before = totalSlots(live.cluster) > totalSlots(whole.cluster) ? undefined : () => wayFigures(whole, 0, 0, policy);
  const isGood = ({ placement, figures }: Way) => isGoodEnough(placement, mostExperts(loads), figures, before, policy);
  const bestRepair = () => {
    const bold = repair(false);
    if (isGood(bold)) return bold;
    const modest = repair(true);
    return betterWay(modest.figures, bold.figures) === "repair" ? modest : bold;
  };
  if (maxMoves !== undefined) {
    const taken = beginning(problem, maxMoves);
    return { taken, ways: { taken: "repair", repair: taken.figures } };
  }
  const anew = () => way(placeResidents(live.cluster, loads, policy), false);
  const only = (taken: Way): { readonly taken: Way; readonly ways: Ways } => ({
    taken,
    ways: { taken: "anew", anew: taken.figures },
  });
  // Where step time counts, survival and balance are not all there is to a placement.
  const countsSteps = policy.objective === "goodput" || policy.stepBudget !== undefined;
  // A plan of unknown making is repaired as one of ours is.
  const isKept = policy.placement === (madeBy ?? policy.placement) && !countsSteps;
  const nothingIsLeft = live.layers.every(({ replicas }) => replicas.every((copies) => copies === 0));
  const isRepairable = holdsAll && !(nothingIsLeft && live.leaving === undefined);
  if (!isRepairable || prefer === "anew" || (prefer === "auto" && !isKept)) return only(anew());
  const repaired = bestRepair();
  if (prefer === "repair" || isGood(repaired)) return { taken: repaired, ways: { taken: "repair", repair: repaired.figures } };
  const fresh = anew();
  const taken = betterWay(repaired.figures, fresh.figures);
  return { taken: taken === "repair" ? repaired : fresh, ways: { taken, repair: repaired.figures, anew: fresh.figures } };
}

/** The best beginning of a repair with at most so many transfers. */
function beginning({ old, whole, live: survivors, loads, policy, speed }: WayProblem, maxMoves: number): Way {
  const { survivors: live, copies } = landed(survivors);
  // Single transfers are between nodes; failures of GPUs within one are not looked at.
  const byNode = policy.failureUnit === "gpu" ? { ...policy, failureUnit: "node" as const } : policy;
  const { layers, transfers, lowestSurvival } = orderedRepair({ old, whole, survivors: live, loads, policy: byNode }, maxMoves);
  const spilled = keepInMemory(live, layers, MEMORY_COPIES);
  const received = new Int32Array(live.cluster.length);
  for (const { to } of transfers) received[to]!++;
  const change: Reconfiguration = {
    physicalNode: [...live.cluster.keys()],
    placement: { cluster: live.cluster, layers },
    transfers: transfers.map((transfer) => ({ ...transfer, layer: layers[transfer.layer]!.layer })),
    spilled,
    rounds: (transfers.at(-1)?.round ?? -1) + 1,
    lowerBoundRounds: Math.max(...received),
    ...(copies.length > 0 && { restored: copies }),
  };
  const placement: MadePlacement = {
    cluster: live.cluster,
    layers,
    keptMinReplicas: Math.min(policy.minReplicas, ...layers.map(fewestHosts)),
    withinBalanceLimit: true,
    withinStepBudget: true,
  };
  const { transferSeconds } = secondsOf(change, speed);
  const figures = wayFigures({ ...placement, spilled }, transfers.length, transferSeconds, policy);
  return { placement, change, figures: { ...figures, lowestSurvival: Math.min(lowestSurvival, figures.survival) } };
}

/** Experts of the layer that has most. */
export function mostExperts(layers: readonly LayerLoads[]): number {
  return Math.max(...layers.map(({ loads }) => loads.length));
}
