/** Experts that live nowhere and come back from below: from the host memory of a live node, else from the checkpoint store. */
import { countReplicas, FREE_SLOT, type LayerPlacement } from "../layout/placement.ts";
import { chooseSources } from "./chooseSources.ts";
import type { RestoredCopy } from "./restorable.ts";
import type { Survivors } from "./survivors.ts";

/**
 * Which nodes read which experts from the store, each once: among their new hosts, as few for the busiest as can be.
 * @param hosts live nodes that may read each expert, none empty, shape [experts][nodes]
 */
export function chooseReaders(hosts: readonly (readonly number[])[], nodes: number): number[] {
  const count = hosts.length;
  const { from } = chooseSources({
    replica: Int32Array.from({ length: count }, (_, i) => i),
    to: Int32Array.from({ length: count }, (_, i) => nodes + i),
    owners: hosts,
    domain: new Array<undefined>(nodes + count).fill(undefined),
  });
  return Array.from(from);
}

/**
 * The live nodes with every missing expert in a slot: on a node whose host memory has it, or on any that reads it from the store; free slots
 * first, then those of experts with most copies. Where no slot can be had it waits in memory.
 * @param sends whether nodes may send to any other what they have in memory
 */
export function landed(
  live: Survivors,
  sends = false,
): { readonly survivors: Survivors; readonly copies: readonly RestoredCopy[] } {
  const { missing = [], cluster } = live;
  if (missing.length === 0) return { survivors: live, copies: [] };
  const slots = live.layers.map(({ nodes }) => nodes.map((row) => [...row]));
  const replicas = live.layers.map((layer) => [...layer.replicas]);
  const holders = live.holders.map((experts) => experts.map((nodes) => [...nodes]));
  const arrived = new Array<number>(cluster.length).fill(0);
  const copies = missing.map(({ layer, index, expert, tier }): RestoredCopy => {
    const keepers = live.holders[index]![expert]!;
    const far = (node: number) => Number(tier === "host" && !keepers.includes(node));
    const may = (tier === "host" && !sends ? keepers : [...cluster.keys()]).toSorted(
      (a, b) => far(a) - far(b) || arrived[a]! - arrived[b]! || a - b,
    );
    const rows = slots[index]!;
    const free = may.find((node) => rows[node]!.includes(FREE_SLOT));
    const spare = may
      .flatMap((node) => rows[node]!.map((victim, slot) => ({ node, slot, victim })))
      .filter(({ victim }) => victim !== FREE_SLOT && replicas[index]![victim]! > 1)
      .reduce<{ node: number; slot: number; victim: number } | undefined>((best, one) => {
        const more = best === undefined ? 1 : replicas[index]![one.victim]! - replicas[index]![best.victim]!;
        return more > 0 ? one : best;
      }, undefined);
    const to = free ?? spare?.node ?? may[0]!;
    arrived[to]!++;
    if (free !== undefined) rows[to]![rows[to]!.indexOf(FREE_SLOT)] = expert;
    else if (spare !== undefined) {
      rows[to]![spare.slot] = expert;
      replicas[index]![spare.victim]!--;
      if (!rows[to]!.includes(spare.victim)) {
        const held = holders[index]![spare.victim]!;
        held.splice(held.indexOf(to), 1);
      }
    }
    if (free !== undefined || spare !== undefined) replicas[index]![expert]!++;
    if (tier === "store") holders[index]![expert] = [to];
    return { layer, expert, tier, to };
  });
  const layers = live.layers.map(
    (layer, index): LayerPlacement => ({
      ...layer,
      nodes: slots[index]!,
      replicas: countReplicas(layer.loads.length, slots[index]!),
    }),
  );
  return { survivors: { ...live, layers, holders }, copies };
}
