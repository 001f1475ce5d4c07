/** What a limit on balance costs in slots, whatever the placement: a bound to rule clusters out and to explain plans by. */
import type { LayerLoads } from "../layout/placement.ts";

/** A layer whose experts cannot have as many hosts as wanted within a limit on balance. */
export interface SlotShortage {
  /** Number of the layer that lacks most slots. */
  readonly layer: number;
  /** Its hottest expert, and the copies without which that breaks the limit. */
  readonly expert: number;
  readonly copies: number;
  /** Slots that the layer lacks; at least as many hosts are missing, summed over its experts. */
  readonly missing: number;
}

/** Room for the copies of a layer. */
export interface Room {
  readonly slots: number;
  readonly ranks: number;
}

/** Quotients that are whole but for rounding. */
const ROUNDING = 1e-9;

/**
 * Copies that an expert needs at least if no rank may have more than `limit` times the mean load, under even and under free shares:
 * each of its ranks takes as much as it may. None without tokens.
 * @param tokens of all experts of the layer
 */
function copiesWithin(load: number, tokens: number, ranks: number, limit: number): number {
  return load === 0 ? 0 : Math.ceil((load * ranks) / (tokens * limit) - ROUNDING);
}

/**
 * Slots that a layer needs at least to have every expert on so many hosts within a limit on balance.
 * @param loads tokens of each expert, shape [experts]
 * @param limit on the load of the busiest rank over the mean; Infinity for none
 */
export function slotsNeeded(loads: readonly number[], ranks: number, hosts: number, limit: number): number {
  const tokens = loads.reduce((sum, load) => sum + load, 0);
  return loads.reduce((sum, load) => sum + Math.max(hosts, copiesWithin(load, tokens, ranks, limit)), 0);
}

/** The layer that lacks most slots for so many hosts of every expert within a limit; undefined when none lacks any. */
export function slotShortage(
  layers: readonly LayerLoads[],
  { slots, ranks }: Room,
  hosts: number,
  limit: number,
): SlotShortage | undefined {
  let worst: SlotShortage | undefined;
  for (const { layer, loads } of layers) {
    const missing = slotsNeeded(loads, ranks, hosts, limit) - slots;
    if (missing <= (worst?.missing ?? 0)) continue;
    worst = { layer, ...hottestWithin(loads, ranks, limit), missing };
  }
  return worst;
}

/** The hottest expert of a layer and the copies that it needs within a limit on balance. */
export function hottestWithin(loads: readonly number[], ranks: number, limit: number): Pick<SlotShortage, "expert" | "copies"> {
  const expert = loads.reduce((best, load, candidate) => (load > loads[best]! ? candidate : best), 0);
  const tokens = loads.reduce((sum, load) => sum + load, 0);
  return { expert, copies: copiesWithin(loads[expert]!, tokens, ranks, limit) };
}
