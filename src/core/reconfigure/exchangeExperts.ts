/** Of plans that survive the same failures, one that is nearer to what nodes hold already. */
import { FREE_SLOT, hostSets, type LayerPlacement } from "../placement.ts";

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
  const { loads, replicas } = layer;
  const experts = loads.length;
  // present[a][b]: nodes that hold expert a among the planned hosts of expert b.
  const present = presentHosts(layer, held);
  const saved = (a: number, b: number, placeOf: Int32Array) => {
    const [own, other] = [placeOf[a]!, placeOf[b]!];
    return (
      present[a * experts + other]! + present[b * experts + own]! - present[a * experts + own]! - present[b * experts + other]!
    );
  };
  const unchanged = Int32Array.from(loads.keys());
  // An exchange saves two whole host sets at most.
  const bySaving: number[][] = Array.from({ length: 2 * layer.nodes.length + 1 }, () => []);
  for (let a = 0; a < experts; a++) {
    for (let b = a + 1; b < experts; b++) {
      if (replicas[a] === 0 || replicas[b] === 0) continue;
      const saves = saved(a, b, unchanged);
      if (saves > 0) bySaving[saves]!.push(a * experts + b);
    }
  }
  const pairs = bySaving.reverse().flat();
  for (const tolerance of TOLERANCES) {
    const near = pairs.filter((pair) => {
      const [one, other] = [loads[Math.floor(pair / experts)]!, loads[pair % experts]!];
      return Math.abs(one - other) <= tolerance * Math.max(one, other);
    });
    if (near.length === 0) return layer;
    const placeOf = unchanged.slice();
    for (let again = true; again; ) {
      again = false;
      for (const pair of near) {
        const [a, b] = [Math.floor(pair / experts), pair % experts];
        if (saved(a, b, placeOf) <= 0) continue;
        const place = placeOf[a]!;
        placeOf[a] = placeOf[b]!;
        placeOf[b] = place;
        again = true;
      }
    }
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
  hostSets(layer).forEach((hosts, place) => {
    for (const node of hosts) for (const expert of holds[node]!) present[expert * experts + place]!++;
  });
  return present;
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
