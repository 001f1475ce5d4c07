/** What a placement is worth: what it survives, how even it can be. */
import { evenBalance } from "../balance/evenBalance.ts";
import { optimalBalance } from "../balance/optimalBalance.ts";
import { allHostSets, type Placement } from "../layout/placement.ts";
import { certifies } from "../recovery/certifies.ts";
import { hostsByUnit, sharesDomains, type UnitHosts } from "../recovery/failureUnits.ts";
import { freeRecoveryUpperBound } from "../recovery/freeRecoveryUpperBound.ts";
import type { Likelihood, RecoveryProbabilities } from "../recovery/outcomes.ts";
import { recoveryProbabilities } from "../recovery/recoveryProbabilities.ts";
import { recoveryUpperBound } from "../recovery/recoveryUpperBound.ts";
import { survivalProbability } from "../recovery/survivalProbability.ts";

/** How to assess: how likely failures are, and how to draw where nothing exact is feasible. */
export interface AssessmentOptions {
  /** Probability that a node (and a failure domain) fails, independently of the others. */
  readonly failureProbability: number;
  readonly seed: number;
  /** Whether the upper bound holds for any replica counts that the slots hold, or only for those of the placement. */
  readonly freeReplicas?: boolean | undefined;
}

/** Recovery when nodes, or domains, fail. */
export interface Resilience {
  readonly recovery: RecoveryProbabilities;
  /** Probability that every expert keeps a live host when each fails independently. */
  readonly survival: Likelihood;
}

/** Recovery probabilities of a placement that were found elsewhere. */
export interface FoundRecovery {
  readonly nodes: RecoveryProbabilities;
  /** When domains fail; found here where they are missing. */
  readonly domains?: RecoveryProbabilities;
}

/** Figures of a placement. */
export interface Assessment extends Resilience {
  /** Most that any placement on these slots (with these replica counts, unless they are free) reaches for 1, 2, ... failed nodes, shape [nodes]. */
  readonly upperBound: readonly number[];
  /** Whether recovery meets the upper bound for every number of failures. */
  readonly certified: boolean;
  /** The same when failure domains fail instead of nodes; nothing when no two nodes share one. */
  readonly domains: Resilience | undefined;
  /** Load of the busiest node over the mean, worst layer: with equal shares for all replicas, and with the best shares. */
  readonly balance: { readonly even: number; readonly optimal: number };
}

/**
 * Assesses a placement; recovery is joint over all its layers. Experts in host memory count as hosted by the nodes that keep
 * them, and their tokens for nothing.
 * @param found recovery probabilities to take instead of finding them here
 */
export function assess(placement: Placement, options: AssessmentOptions, found?: FoundRecovery): Assessment {
  const { cluster } = placement;
  const gpus = cluster.map((node) => node.gpus);
  const hosts = allHostSets(placement);
  const layers = placement.layers.map((layer) => ({
    ...layer,
    loads: layer.loads.map((load, expert) => (layer.replicas[expert] === 0 ? 0 : load)),
  }));
  const upperBound = boundOf(placement, options);
  const nodes = resilience(hostsByUnit(placement, "node"), options, found?.nodes);
  return {
    ...nodes,
    upperBound,
    certified: certifies(upperBound, nodes.recovery),
    domains: sharesDomains(cluster) ? resilience(hostsByUnit(placement, "domain"), options, found?.domains) : undefined,
    balance: {
      even: Math.max(...layers.map((layer) => evenBalance(layer, gpus))),
      optimal: Math.max(...layers.map((layer, l) => optimalBalance(hosts[l] as number[][], layer.loads, gpus).maxOverMean)),
    },
  };
}

function boundOf({ cluster, layers, spilled = [] }: Placement, { freeReplicas }: AssessmentOptions): number[] {
  // The bound is about slots; host memory is beyond it.
  if (spilled.length > 0) return cluster.map(() => 1);
  const slots = cluster.map((node) => node.slots);
  if (freeReplicas) return freeRecoveryUpperBound(Math.max(...layers.map(({ loads }) => loads.length)), slots);
  return recoveryUpperBound(
    layers.map((layer) => layer.replicas),
    slots,
  );
}

function resilience(
  { hostSets, count }: UnitHosts,
  { failureProbability, seed }: AssessmentOptions,
  recovery = recoveryProbabilities(hostSets, count, { seed }),
): Resilience {
  return { recovery, survival: survivalProbability(recovery, failureProbability) };
}
