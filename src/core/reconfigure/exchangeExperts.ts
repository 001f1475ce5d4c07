/** Of plans that survive the same failures, one that is nearer to what nodes hold already. */
import { FREE_SLOT, type LayerPlacement } from "../layout/placement.ts";

/** How far apart, relative to the larger, the loads of two experts may be that exchange places; tried in this order. */
const TOLERANCES = [1, 1 / 2, 1 / 8, 1 / 32, 0];

/**
 * Lets experts of one layer exchange all their places with one another where that saves transfers. The layer's host sets
 * stay the same, only of other experts, so that the plan survives exactly the same failures. Experts without places stay without.
 *
 * Exchanges are made greedily, those that save most first, among experts of ever nearer loads until the outcome is
 * acceptable. The outcome moves no more than the plan; that none moves less is not proven.
 * @param layer plan of the layer
 * @param held nodes that hold each expert, shape [experts][nodes]
 * @param acceptable tells whether a changed plan is as good as the given one
 */
export function exchangeExperts(
  layer: LayerPlacement,
  held: readonly (readonly number[])[],
  acceptable: (candidate: LayerPlacement) => boolean,
): LayerPlacement {
  const { loads } = layer;
  const experts = loads.length;
  const present = presentHosts(layer, held);
  let near = savingPairs(layer, present);
  const placeOf = new Int32Array(experts);
  for (const tolerance of TOLERANCES) {
    if (tolerance < 1) {
      near = near.filter((pair) => {
        const one = loads[Math.floor(pair / experts)]!;
        const other = loads[pair % experts]!;
        return Math.abs(one - other) <= tolerance * Math.max(one, other);
      });
    }
    if (near.length === 0) return layer;
    for (let expert = 0; expert < experts; expert++) placeOf[expert] = expert;
    exchange(near, present, placeOf);
    const candidate = withPlaces(layer, placeOf);
    if (acceptable(candidate)) return candidate;
  }
  return layer;
}

/** Nodes that hold expert a among the planned hosts of expert b, shape [experts][experts]. */
function presentHosts(layer: LayerPlacement, held: readonly (readonly number[])[]): Int32Array {
  const experts = layer.loads.length;
  const holds: number[][] = layer.nodes.map(() => []);
  held.forEach((nodes, expert) => {
    for (const node of nodes) holds[node]!.push(expert);
  });
  const present = new Int32Array(experts * experts);
  layer.nodes.forEach((slots, node) => {
    const holding = holds[node]!;
    for (let slot = 0; slot < slots.length; slot++) {
      const place = slots[slot]!;
      if (place === FREE_SLOT || slots.indexOf(place) < slot) continue;
      for (let i = 0; i < holding.length; i++) present[holding[i]! * experts + place]!++;
    }
  });
  return present;
}

/** Pairs a * experts + b of experts with places whose exchange saves transfers, those that save most first. */
function savingPairs({ loads, replicas, nodes }: LayerPlacement, present: Int32Array): Int32Array {
  const experts = loads.length;
  const placed = Int32Array.from(loads.keys()).filter((expert) => replicas[expert]! > 0);
  // An exchange saves two whole host sets at most.
  const after = new Int32Array(2 * nodes.length + 1);
  const saving: number[] = [];
  for (let i = 0; i < placed.length; i++) {
    const a = placed[i]!;
    for (let j = i + 1; j < placed.length; j++) {
      const b = placed[j]!;
      const saves = saved(present, experts, a, a, b, b);
      if (saves <= 0) continue;
      saving.push(saves, a * experts + b);
      after[saves - 1]!++;
    }
  }
  for (let saves = after.length - 2; saves >= 0; saves--) after[saves]! += after[saves + 1]!;
  const pairs = new Int32Array(saving.length / 2);
  for (let at = 0; at < saving.length; at += 2) pairs[after[saving[at]!]!++] = saving[at + 1]!;
  return pairs;
}

/** Transfers that go when experts a and b, which have the places of others, exchange them. */
function saved(present: Int32Array, experts: number, a: number, placeOfA: number, b: number, placeOfB: number): number {
  return (
    present[a * experts + placeOfB]! +
    present[b * experts + placeOfA]! -
    present[a * experts + placeOfA]! -
    present[b * experts + placeOfB]!
  );
}

/** Exchanges pairs in their order, again and again, until none saves anything. */
function exchange(pairs: Int32Array, present: Int32Array, placeOf: Int32Array): void {
  const experts = placeOf.length;
  for (let again = true; again; ) {
    again = false;
    for (let i = 0; i < pairs.length; i++) {
      const a = Math.floor(pairs[i]! / experts);
      const b = pairs[i]! - a * experts;
      const [placeOfA, placeOfB] = [placeOf[a]!, placeOf[b]!];
      if (saved(present, experts, a, placeOfA, b, placeOfB) <= 0) continue;
      placeOf[a] = placeOfB;
      placeOf[b] = placeOfA;
      again = true;
    }
  }
}

/** The layer with expert e in the places of expert placeOf[e]. */
function withPlaces(layer: LayerPlacement, placeOf: Int32Array): LayerPlacement {
  const expertAt = new Int32Array(placeOf.length);
  placeOf.forEach((place, expert) => {
    expertAt[place] = expert;
  });
  return {
    ...layer,
    replicas: Array.from(placeOf, (place) => layer.replicas[place]!),
    nodes: layer.nodes.map((slots) => slots.map((expert) => (expert === FREE_SLOT ? FREE_SLOT : expertAt[expert]!))),
  };
}
