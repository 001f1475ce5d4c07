/** As much of a plan as a number of moves allows. */
import { countReplicas, FREE_SLOT, hostSets, type LayerPlacement } from "../layout/placement.ts";

/** A replica that the plan puts on a node which does not hold its expert. */
interface Arrival {
  readonly layer: number;
  readonly expert: number;
  readonly node: number;
  /** Live hosts that the expert has before this one arrives. */
  readonly hosts: number;
  /** Tokens that each of these hosts takes. */
  readonly load: number;
}

/**
 * Carries out at most `maxMoves` arrivals of a plan, over all layers together: those of experts with the fewest live hosts
 * first, then of those whose hosts are busiest. Where other replicas do not arrive, experts that a node held before stay on
 * it, as long as there is room; no expert loses its last host. Greedy: other arrivals might do more for the same number.
 * @param held what the nodes hold, layer by layer
 * @param plan what they shall hold; more than `maxMoves` replicas are missing
 */
export function limitMoves(held: readonly LayerPlacement[], plan: readonly LayerPlacement[], maxMoves: number): LayerPlacement[] {
  const layers = plan.map((layer, index) => new PartialLayer(held[index]!, layer));
  let waiting = layers
    .flatMap((layer, index) => layer.arrivals(index))
    .sort((a, b) => a.hosts - b.hosts || b.load - a.load || a.layer - b.layer || a.expert - b.expert || a.node - b.node);
  // An arrival whose room is taken by another expert's last replica may find some after that expert arrived elsewhere.
  for (let left = maxMoves; left > 0; ) {
    const blocked = waiting.filter(({ layer, expert, node }) => {
      if (left > 0 && layers[layer]!.arrive(expert, node)) {
        left--;
        return false;
      }
      return true;
    });
    if (blocked.length === waiting.length) break;
    waiting = blocked;
  }
  return layers.map((layer) => layer.placement());
}

/** A layer on its way from what is held to what is planned. */
class PartialLayer {
  readonly #plan: LayerPlacement;
  readonly #planned: readonly ReadonlySet<number>[];
  /** Experts on each node. */
  readonly #present: readonly Set<number>[];
  /** Nodes that hold each expert. */
  readonly #hosts: readonly Set<number>[];
  readonly #plannedHosts: readonly (readonly number[])[];

  constructor(held: LayerPlacement, plan: LayerPlacement) {
    this.#plan = plan;
    this.#planned = plan.nodes.map((slots) => new Set(slots.filter((expert) => expert !== FREE_SLOT)));
    this.#present = held.nodes.map((slots) => new Set(slots.filter((expert) => expert !== FREE_SLOT)));
    this.#hosts = hostSets(held).map((nodes) => new Set(nodes));
    this.#plannedHosts = hostSets(plan);
  }

  arrivals(layer: number): Arrival[] {
    return this.#plannedHosts.flatMap((nodes, expert) => {
      const live = this.#hosts[expert]!;
      return nodes
        .filter((node) => !live.has(node))
        .map((node, k) => ({
          layer,
          expert,
          node,
          hosts: live.size + k,
          load: this.#plan.loads[expert]! / Math.max(1, live.size + k),
        }));
    });
  }

  /** Lets an expert arrive on a node; false when all room there is taken by planned experts and last replicas. */
  arrive(expert: number, node: number): boolean {
    const present = this.#present[node]!;
    if (present.size === this.#plan.nodes[node]!.length) {
      const leaving = this.#leastNeeded(node);
      if (leaving === undefined) return false;
      present.delete(leaving);
      this.#hosts[leaving]!.delete(node);
    }
    present.add(expert);
    this.#hosts[expert]!.add(node);
    return true;
  }

  /** Planned experts in their planned slots; others that stayed take those of experts that did not arrive. */
  placement(): LayerPlacement {
    const nodes = this.#plan.nodes.map((slots, node) => {
      const staying = [...this.#present[node]!].filter((expert) => !this.#planned[node]!.has(expert));
      staying.sort((a, b) => Number(this.#isSettled(a)) - Number(this.#isSettled(b)));
      const filled = slots.map((expert) =>
        expert === FREE_SLOT || this.#present[node]!.has(expert) ? expert : (staying.shift() ?? FREE_SLOT),
      );
      // Slots that the plan leaves free or gives to a second copy go only to experts that still need them.
      for (const expert of staying) {
        if (this.#isSettled(expert)) break;
        filled[filled.findIndex((other, slot) => other === FREE_SLOT || filled.indexOf(other) < slot)] = expert;
      }
      return filled;
    });
    return { ...this.#plan, nodes, replicas: countReplicas(this.#plan.loads.length, nodes) };
  }

  /** Whether an expert has all its planned hosts. */
  #isSettled(expert: number): boolean {
    return this.#plannedHosts[expert]!.every((host) => this.#hosts[expert]!.has(host));
  }

  /** Of the experts on a node that may leave it: one that is on all its planned hosts, or else has most hosts. */
  #leastNeeded(node: number): number | undefined {
    let least: number | undefined;
    const surplus = (expert: number) => (this.#isSettled(expert) ? Infinity : 0) + this.#hosts[expert]!.size;
    for (const expert of this.#present[node]!) {
      if (this.#planned[node]!.has(expert) || this.#hosts[expert]!.size === 1) continue;
      if (least === undefined || surplus(expert) > surplus(least)) least = expert;
    }
    return least;
  }
}
