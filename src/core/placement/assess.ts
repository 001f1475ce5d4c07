/** What a placement is worth: what it survives, how even it can be. */
import { evenBalance } from "../balance/evenBalance.ts";
import { optimalBalance } from "../balance/optimalBalance.ts";
import { hostSets, type Placement } from "../placement.ts";
import { certifies } from "../recovery/certifies.ts";
import { type RecoveryProbabilities, recoveryProbabilities } from "../recovery/recoveryProbabilities.ts";
import { recoveryUpperBound } from "../recovery/recoveryUpperBound.ts";

/** Figures of a placement. */
export interface Assessment {
  /** Joint over all layers. */
  readonly recovery: RecoveryProbabilities;
  /** Most that any placement with these replica counts reaches for 1, 2, ... failed nodes, shape [nodes]. */
  readonly upperBound: readonly number[];
  /** Whether the recovery probabilities meet the upper bound, so that no placement with these replica counts does better. */
  readonly certified: boolean;
  /** Load of the busiest node over the mean, worst layer: with equal shares for all replicas, and with the best shares. */
  readonly balance: { readonly even: number; readonly optimal: number };
}

/**
 * Assesses a placement.
 * @param seed of the draws, where recovery cannot be computed exactly
 */
export function assess({ cluster, layers }: Placement, seed: number): Assessment {
  const gpus = cluster.map((node) => node.gpus);
  const hosts = layers.map(hostSets);
  const recovery = recoveryProbabilities(hosts.flat(), cluster.length, { seed });
  const upperBound = recoveryUpperBound(
    layers.map((layer) => layer.replicas),
    cluster.map((node) => node.slots),
  );
  return {
    recovery,
    upperBound,
    certified: certifies(upperBound, recovery),
    balance: {
      even: Math.max(...layers.map((layer) => evenBalance(layer, gpus))),
      optimal: Math.max(...layers.map((layer, l) => optimalBalance(hosts[l] as number[][], layer.loads, gpus).maxOverMean)),
    },
  };
}
