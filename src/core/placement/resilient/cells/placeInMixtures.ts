/** All layers in the cells of one mixture: the one that survives most of those in which every layer keeps its limit. */
import { type RandomSource, randomSource } from "../../../algorithms/random.ts";
import { evenOutRanks } from "../ranks/evenOutRanks.ts";
import { levelRanks } from "../ranks/levelRanks.ts";
import type { RankSlots } from "../ranks/rankSlots.ts";
import type { RankTable, Shares } from "../ranks/rankTable.ts";
import { leastSlots } from "./leastSlots.ts";
import type { Mixture } from "./mixtures.ts";
import { placeInMixture, type Roomy } from "./placeInMixture.ts";

/** How to place. */
export interface MixtureSearch {
  readonly slots: RankSlots;
  readonly shares: Shares;
  /** On the busiest rank over the mean. */
  readonly limit: number;
  /** Elementary steps for each layer in a mixture. */
  readonly steps: number;
  readonly seed: number;
  /** Is called before each layer. */
  readonly watch: () => void;
}

/** Layers in their slots. */
export interface PlacedLayers {
  /** Slots of each layer, shape [layers]. */
  readonly tables: readonly RankTable[];
  readonly mixture: Mixture;
}

/** A layer in a mixture. */
interface Tried {
  readonly balance: number;
  readonly at: number;
  readonly table: RankTable | undefined;
}

/** A layer levelled in a mixture as far as that goes without persistence. */
interface Levelled {
  readonly at: number;
  readonly limit: number;
  readonly table: RankTable;
  readonly isGivenUp: boolean;
  readonly random: RandomSource;
}

const NOWHERE: Tried = { balance: Number.POSITIVE_INFINITY, at: -1, table: undefined };
/** Balances that differ by less are equal. */
const CLOSE = 1e-9;
/** Mixtures that are tried one by one: room alone does not make a layer easier. */
const CLOSELY = 8;
/** Where cells leave room, one after the other until the limit is kept: with even shares nothing but everywhere was level. */
const ROOMY = { free: ["half", "largest"], even: ["all"] } as const satisfies Record<Shares, readonly Roomy[]>;
/** Moves that even out a layer which keeps its limit in no mixture, for each slot, and part of the steps that level it after that. */
const MOVES = 64;
const AGAIN = 0.25;
/** Mixtures, those with most room, in which a layer that keeps its limit in none gets the best balance it can. */
const ROOMIEST = 3;

/**
 * Places all layers. Neither the mixtures nor what happens in one depends on the limit, which only says which will do: so a
 * looser limit survives no less. A layer that keeps the limit in no mixture has the best balance found for its own.
 * @param mixtures those that survive most first, at least one
 * @param layers tokens of each expert, those with most first, shape [layers][experts]
 */
export function placeInMixtures(
  mixtures: readonly Mixture[],
  layers: readonly (readonly number[])[],
  search: MixtureSearch,
): PlacedLayers {
  const limits = layers.map(() => search.limit);
  const placed: (RankTable | undefined)[] = layers.map(() => undefined);
  // Layers with a hot expert are most likely to rule a mixture out.
  const order = Array.from(layers.keys()).sort((a, b) => hottest(layers[b]!) - hottest(layers[a]!) || a - b);
  /** Layers with a limit of their own have come near it before. */
  const isPersistent = layers.map(() => false);
  const placedAt = layers.map(() => -1);
  /** Where, of the mixtures from the chosen one on, a layer came nearest to the limit. */
  const nearest = layers.map((): Tried => NOWHERE);
  /** With even shares persistence goes on from there. */
  const levelled = layers.map((): Levelled | undefined => undefined);
  /** Balances of a layer in the mixtures in which it was tried to the end, by mixture. */
  const tried = layers.map(() => new Map<number, number>());
  const total = search.slots.rankOfSlot.length;
  const keeps = (at: number, layer: number): boolean => {
    if (leastSlots(mixtures[at]!, layers[layer]!, search.slots, limits[layer]!) > total) return false;
    if (placedAt[layer] === at && balanceOf(placed[layer]!) <= limits[layer]! + CLOSE) return true;
    if (tried[layer]!.get(at)! > limits[layer]! + CLOSE) return false;
    search.watch();
    const table = tryAt(at, layer, limits[layer]!, isPersistent[layer]!);
    placed[layer] = table;
    placedAt[layer] = at;
    return balanceOf(table) <= limits[layer]! + CLOSE;
  };
  let chosen = 0;
  for (let done = 0; done < order.length; ) {
    const layer = order[done]!;
    if (keeps(chosen, layer)) {
      done++;
      continue;
    }
    const next = nextThatKeeps(chosen, layer);
    if (next === undefined) {
      tryRoomiest(chosen, layer);
      const best = nearest[layer]!;
      limits[layer] = Math.max(search.limit, best.balance);
      isPersistent[layer] = true;
      const roomier = nextThatKeeps(chosen, layer);
      chosen = roomier ?? best.at;
      if (roomier === undefined) {
        // Its own limit is what this plan reached; to search for it anew need not lead there again.
        placed[layer] = best.table;
        placedAt[layer] = best.at;
      }
    } else chosen = next;
    // The layers placed so far are placed again; the one that ruled the mixture out goes first from now on.
    order.splice(done, 1);
    order.unshift(layer);
    done = 0;
  }
  return { tables: placed.map((table) => table!), mixture: mixtures[chosen]! };

  /** The first of the roomier mixtures in which a layer keeps its limit, one by one at first, then by strides that double and then halve. */
  function nextThatKeeps(failed: number, layer: number): number | undefined {
    if (nearest[layer]!.at < failed) nearest[layer] = NOWHERE;
    let low = failed;
    let high = low;
    for (let stride = 1, tried = 1; ; tried++) {
      if (tried > CLOSELY) stride *= 2;
      if (low === mixtures.length - 1) return undefined;
      high = Math.min(low + stride, mixtures.length - 1);
      if (keeps(high, layer)) break;
      low = high;
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (keeps(middle, layer)) high = middle;
      else low = middle;
    }
    return high;
  }

  /** Has a layer come as near to the limit as it can in the roomiest mixtures. */
  function tryRoomiest(first: number, layer: number): void {
    for (let at = Math.max(first, mixtures.length - ROOMIEST); at < mixtures.length; at++) {
      if (!(tried[layer]!.get(at)! >= nearest[layer]!.balance)) tryAt(at, layer, search.limit, true);
    }
  }

  function tryAt(at: number, layer: number, limit: number, persistent: boolean): RankTable {
    const last = levelled[layer];
    const known = last?.at === at && last.limit === limit ? last : undefined;
    const { table, isGivenUp, random } = placeLayer(mixtures[at]!, layers[layer]!, search, limit, persistent, known);
    levelled[layer] = persistent || search.shares === "free" ? undefined : { at, limit, table, isGivenUp, random };
    const balance = balanceOf(table);
    if (balance < nearest[layer]!.balance) nearest[layer] = { balance, at, table };
    if (!isGivenUp) tried[layer]!.set(at, balance);
    return table;
  }
}

/** Places one layer in a mixture and levels its ranks; the layer's chances are its own, wherever it stands among others. */
function placeLayer(
  mixture: Mixture,
  loads: readonly number[],
  search: MixtureSearch,
  limit: number,
  persistent: boolean,
  known: Levelled | undefined,
): Omit<Levelled, "at" | "limit"> {
  let random = known?.random ?? randomSource(search.seed);
  let best: RankTable | undefined;
  let isGivenUp = known?.isGivenUp ?? false;
  for (const roomy of ROOMY[search.shares]) {
    // With free shares, tokens flow where moves do not lead.
    const isEvenedOut = persistent && search.shares === "even";
    let table = known?.table;
    if (table === undefined) {
      table = placeInMixture(mixture, loads, search.slots, search.shares, roomy);
      random = randomSource(search.seed);
      const levelling = { limit, steps: search.steps, random, persistent: persistent && !isEvenedOut };
      isGivenUp = levelRanks(table, levelling) || isGivenUp;
    }
    if (isEvenedOut && balanceOf(table) > limit + CLOSE) {
      const reached = table;
      table = table.copy();
      evenOutRanks(table, MOVES * table.expertAt.length, randomSource(search.seed, 1));
      levelRanks(table, { limit, steps: search.steps * AGAIN, random, persistent });
      if (table.busiest > reached.busiest) table = reached;
    }
    if (best === undefined || table.busiest < best.busiest) best = table;
    if (balanceOf(best) <= limit + CLOSE) break;
  }
  return { table: best!, isGivenUp, random };
}

/** Load of the busiest rank over the mean; 1 without tokens. */
function balanceOf({ busiest, mean }: RankTable): number {
  return mean === 0 ? 1 : busiest / mean;
}

function hottest(loads: readonly number[]): number {
  return (
    loads[0]! /
    Math.max(
      1,
      loads.reduce((sum, load) => sum + load, 0),
    )
  );
}
