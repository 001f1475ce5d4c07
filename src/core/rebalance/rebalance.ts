/** A plan brought up to newer loads, step by step, as far as that is worth it. */
import type { StepCost } from "../cost/stepCost.ts";
import { countReplicas, fewestHosts, type LayerLoads, type Placement } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";
import { type FewestMovesTerms, fewestMovesStep } from "./fewestMoves.ts";
import { flexmoeStep } from "./flexmoe.ts";
import { LayerCopies } from "./layerCopies.ts";
import { BY_LOAD, type LayerCosts, layerCosts } from "./layerTime.ts";
import type { Operation } from "./operations.ts";
import type { StepTerms } from "./step.ts";

/** Incremental policies: FlexMoE's, and the one that gains most for each copy fetched. */
export const REBALANCING_POLICIES = ["flexmoe", "fewest-moves"] as const;
export type RebalancingPolicyName = (typeof REBALANCING_POLICIES)[number];

/** How to rebalance. */
export interface RebalanceOptions {
  readonly policy: RebalancingPolicyName;
  /** Busiest rank over the mean, above which a layer is touched: 1.2 is FlexMoE's. */
  readonly threshold: number;
  /** Nodes that every expert keeps; those of the expert with the fewest in the plan without it. */
  readonly minHosts?: number | undefined;
  /** Copies that may be fetched in all layers together. */
  readonly maxMoves?: number | undefined;
  /** With `fewest-moves`: ratio that a fetched copy must take off its layer. */
  readonly leastGain?: number | undefined;
  /** What a layer's time is made of: given, or of a job whose steps are timed; load alone without it. */
  readonly costs?: LayerCosts | undefined;
  readonly step?: Omit<StepCost, "base"> | undefined;
  /** How copies share tokens, with `fewest-moves`; FlexMoE's are even, as are these unless said. */
  readonly shares?: Shares | undefined;
  /** Whether the host sets of all layers survive enough; any do without it. Shape [layers][nodes][slots]. */
  readonly survives?: ((layers: readonly (readonly (readonly number[])[])[]) => boolean) | undefined;
}

/** The plan afterwards, for the newer loads. */
export interface Rebalanced {
  readonly placement: Placement;
  readonly operations: readonly Operation[];
  /** Copies fetched. */
  readonly moved: number;
  /** Layers above the threshold that nothing could be done for, as no slot is free and no expert can spare a copy. */
  readonly stuck: readonly number[];
}

/**
 * Rebalances layer by layer, always the one that is least even next, until all are even enough, nothing helps any more, or the moves
 * are used up.
 * @param layers the newer loads, of the plan's layers
 * @throws RangeError when a layer's loads are missing, or are not of as many experts
 */
export function rebalance(placement: Placement, layers: readonly LayerLoads[], options: RebalanceOptions): Rebalanced {
  const { policy, threshold, maxMoves = Number.POSITIVE_INFINITY, leastGain = 0, survives } = options;
  const shares = policy === "flexmoe" ? "even" : options.shares;
  const { cluster } = placement;
  const minHosts = options.minHosts ?? Math.min(...placement.layers.map(fewestHosts));
  const all = placement.layers.map((layer) => new LayerCopies(cluster, layer, loadsOf(layers, layer), shares));
  const costs = all.map((copies) => options.costs ?? (options.step === undefined ? BY_LOAD : layerCosts(options.step, copies)));
  const held = all.map((copies) => copies.byNode());
  const open = new Set(all.keys());
  const operations: Operation[] = [];
  let moved = 0;
  while (open.size > 0) {
    const l = [...open].reduce((worst, other) => (all[other]!.ratio > all[worst]!.ratio ? other : worst));
    const copies = all[l]!;
    const allowed = survives && (() => survives(held.map((nodes, other) => (other === l ? copies.byNode() : nodes))));
    const terms: FewestMovesTerms & StepTerms = {
      threshold,
      minHosts,
      budget: maxMoves - moved,
      costs: costs[l]!,
      leastGain,
      allowed,
    };
    const done = policy === "flexmoe" ? flexmoeStep(copies, terms) : fewestMovesStep(copies, terms);
    if (done === undefined) {
      open.delete(l);
      continue;
    }
    held[l] = copies.byNode();
    operations.push(...done);
    moved += done.reduce((sum, { fetched }) => sum + fetched, 0);
  }
  const rebalanced = placement.layers.map(({ layer, loads }, l) => ({
    layer,
    loads: loadsOf(layers, { layer, loads }),
    replicas: countReplicas(loads.length, held[l]!),
    nodes: held[l]!,
  }));
  return {
    placement: { ...placement, layers: rebalanced },
    operations,
    moved,
    stuck: stuckLayers(all, operations, threshold, minHosts),
  };
}

function stuckLayers(
  all: readonly LayerCopies[],
  operations: readonly Operation[],
  threshold: number,
  minHosts: number,
): number[] {
  const touched = new Set(operations.map(({ layer }) => layer));
  return all
    .filter((copies) => copies.ratio > threshold && !touched.has(copies.layer) && !copies.canExpand(minHosts))
    .map(({ layer }) => layer);
}

function loadsOf(layers: readonly LayerLoads[], { layer, loads }: LayerLoads): readonly number[] {
  const found = layers.find((one) => one.layer === layer)?.loads;
  if (found?.length !== loads.length)
    throw new RangeError(`layer ${layer} of the plan has ${loads.length} experts, the loads ${found?.length ?? "lack it"}`);
  return found;
}
