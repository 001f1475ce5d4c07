/** Even load at the price of few moves: hot experts on busy nodes exchange their host sets with cold ones elsewhere. */
import { bindingSetByFlow } from "../balance/bindingSetByFlow.ts";
import { captiveLoad, gpusOf } from "../balance/hostedLoad.ts";

/** Exchanges of one layer. Where more are needed, a new placement is the better answer. */
const MOST_EXCHANGES = 100;
/** Products of fractions differ by rounding. */
const ROUNDING = 1 + 1e-12;

/** One layer. */
interface EvenProblem {
  /** Tokens of each expert, shape [experts]. */
  readonly loads: readonly number[];
  /** GPUs of each node, shape [nodes]. */
  readonly gpus: readonly number[];
  /** Nodes that hold each expert already, shape [experts][nodes]. */
  readonly held: readonly (readonly number[])[];
  /** Most tokens per GPU that any node may have to compute, over the mean. */
  readonly balanceLimit: number;
  /** Most tokens of one expert that each of its hosts may have to compute, over the mean per GPU. */
  readonly shareLimit: number;
}

/**
 * Exchanges host sets of experts until no set of nodes has more tokens that only it can compute than the limit allows, and no expert
 * more than one GPU of each host may take. The exchange with most relief for each replica moved comes first.
 * @param hosts nodes of each expert, ascending, shape [experts][hosts]
 * @returns the same host sets, of other experts; undefined when the limit is not reached
 */
export function evenHosts(hosts: readonly number[][], problem: EvenProblem): number[][] | undefined {
  const { loads, gpus, balanceLimit, shareLimit } = problem;
  const mean = loads.reduce((sum, load) => sum + load, 0) / gpus.reduce((sum, count) => sum + count, 0);
  if (mean === 0) return [...hosts];
  const most = balanceLimit * ROUNDING * mean;
  const mostOfOne = shareLimit * ROUNDING * mean;
  const { places, placeOf } = distinctPlaces(hosts);
  const fits = (expert: number, place: number) => loads[expert]! <= mostOfOne * places[place]!.length;
  const arrivals = arrivalCounter(problem, places);
  if (!widenShares(loads, placeOf, fits, arrivals)) return undefined;
  const tokens = new Float64Array(places.length);
  loads.forEach((load, expert) => {
    tokens[placeOf[expert]!]! += load;
  });
  for (let exchanges = 0; exchanges <= MOST_EXCHANGES; exchanges++) {
    const hosted = places.map((set, place) => ({ hosts: set, load: tokens[place]! })).filter(({ load }) => load > 0);
    const binding = bindingSetByFlow(hosted, gpus);
    const excess = captiveLoad(binding, hosted) - most * gpusOf(binding, gpus);
    if (excess <= 0) return Array.from(placeOf, (place) => places[place]!);
    const inside = new Set(binding);
    const isCaptive = places.map((set) => set.every((node) => inside.has(node)));
    const room = roomOfPlaces(places, tokens, gpus, most);
    let best: { a: number; b: number; relief: number } | undefined;
    for (let a = 0; a < placeOf.length; a++) {
      const from = placeOf[a]!;
      if (!isCaptive[from]) continue;
      for (let b = 0; b < placeOf.length; b++) {
        const to = placeOf[b]!;
        const lighter = loads[a]! - loads[b]!;
        if (isCaptive[to] || !fits(a, to)) continue;
        // What the others cannot take has only changed its place.
        const gain = Math.min(lighter, excess) - Math.max(0, lighter - Math.max(0, room[to]!));
        if (gain <= 0) continue;
        const relief = gain / Math.max(1, arrivals(a, to) + arrivals(b, from));
        if (best === undefined || relief > best.relief) best = { a, b, relief };
      }
    }
    if (best === undefined) return undefined;
    const { a, b } = best;
    const [from, to] = [placeOf[a]!, placeOf[b]!];
    [placeOf[a], placeOf[b]] = [to, from];
    tokens[from]! += loads[b]! - loads[a]!;
    tokens[to]! += loads[a]! - loads[b]!;
  }
  return undefined;
}

/**
 * Experts too hot for their number of hosts exchange places with others that are not; false when there is none left to exchange with.
 * @param fits whether a place has hosts enough for an expert
 */
function widenShares(
  loads: readonly number[],
  placeOf: Int32Array,
  fits: (expert: number, place: number) => boolean,
  arrivals: (expert: number, place: number) => number,
): boolean {
  const tooHot = [...loads.keys()].filter((expert) => !fits(expert, placeOf[expert]!));
  for (const a of tooHot.sort((one, other) => loads[other]! - loads[one]! || one - other)) {
    const from = placeOf[a]!;
    let best = -1;
    let fewest = Infinity;
    for (let b = 0; b < placeOf.length; b++) {
      const to = placeOf[b]!;
      if (!fits(a, to) || !fits(b, from)) continue;
      const moves = arrivals(a, to) + arrivals(b, from);
      // Of exchanges that cost the same, the one that changes the balance of nodes least.
      if (moves > fewest || (moves === fewest && loads[b]! <= loads[best]!)) continue;
      best = b;
      fewest = moves;
    }
    if (best < 0) return false;
    placeOf[a] = placeOf[best]!;
    placeOf[best] = from;
  }
  return true;
}

/** Host sets without repeats, and which of them each expert has. */
function distinctPlaces(hosts: readonly number[][]): { places: number[][]; placeOf: Int32Array } {
  const numberOf = new Map<string, number>();
  const places: number[][] = [];
  const placeOf = Int32Array.from(hosts, (set) => {
    const key = set.join();
    const known = numberOf.get(key);
    if (known !== undefined) return known;
    numberOf.set(key, places.length);
    return places.push(set) - 1;
  });
  return { places, placeOf };
}

/** Tokens that the nodes of each place could take beyond their own when the hosts of every place share evenly, shape [places]. */
function roomOfPlaces(places: readonly number[][], tokens: Float64Array, gpus: readonly number[], most: number): number[] {
  const room = Float64Array.from(gpus, (count) => count * most);
  places.forEach((set, place) => {
    for (const node of set) room[node]! -= tokens[place]! / set.length;
  });
  return places.map((set) => set.reduce((sum, node) => sum + room[node]!, 0));
}

/** How many replicas of an expert have to arrive for it to take a place; counted once for each pair. */
function arrivalCounter({ held, gpus }: EvenProblem, places: readonly number[][]): (expert: number, place: number) => number {
  const counted = new Int32Array(held.length * places.length).fill(-1);
  const holds = held.map((nodes) => {
    const flags = new Uint8Array(gpus.length);
    for (const node of nodes) flags[node] = 1;
    return flags;
  });
  return (expert, place) => {
    const at = expert * places.length + place;
    if (counted[at] === -1) counted[at] = places[place]!.reduce((count, node) => count + 1 - holds[expert]![node]!, 0);
    return counted[at]!;
  };
}
