/** From a plan of another system to a placement: the plan says who holds what, the user the nodes, a profile the loads. */
import { checkChoice } from "../../core/algorithms/checkChoice.ts";
import type { ClusterNode } from "../../core/layout/cluster.ts";
import { countReplicas, FREE_SLOT, type LayerLoads } from "../../core/layout/placement.ts";
import { InputError } from "../../errors.ts";
import type { DescribedNode } from "../cluster.ts";
import type { PlacementDocument } from "../documents/placement.ts";
import {
  countsHiddenLayers,
  type ForeignPlan,
  type LayerNumbering,
  moeLayerAt,
  moeLayersOf,
  type PlanRow,
  planSystems,
} from "./plan.ts";

/** What a plan does not say. */
export interface PlanSurroundings extends LayerNumbering {
  /** The nodes in rank order; what they say about slots and GPUs has to agree with the plan. */
  readonly nodes: readonly DescribedNode[];
  /** GPUs of a node for which neither the plan nor the node says how many. */
  readonly gpus: number;
  /** Loads of every layer in our numbering. */
  readonly loads: readonly LayerLoads[];
}

/**
 * The placement that a plan stands for.
 * @throws InputError when plan, nodes and loads do not fit together
 */
export function planPlacement(plan: ForeignPlan, surroundings: PlanSurroundings, file: string): PlacementDocument {
  const { system, rows, ranks } = plan;
  checkChoice("system", system ?? null, planSystems);
  const { nodes, loads } = surroundings;
  const wrong = (what: string) => new InputError(`in the ${system} plan: ${what}`, { file });
  const slots = rows[0]?.slots.length ?? 0;
  const { length } = nodes;
  const perNode = slots / length;
  const gpus = ranks === undefined ? undefined : ranks / length;
  if (!Number.isInteger(gpus ?? 1)) throw wrong(`${ranks} devices cannot belong to ${length} nodes evenly; check --nodes`);
  if (!Number.isInteger(perNode)) throw wrong(`${slots} slots cannot be dealt to ${length} nodes evenly; check --nodes`);
  const cluster: ClusterNode[] = nodes.map((node) => {
    const known = gpus ?? node.gpus ?? surroundings.gpus;
    if (node.slots !== undefined && node.slots !== perNode) throw wrong(`${node.name} has ${perNode} slots, not ${node.slots}`);
    if (node.gpus !== undefined && node.gpus !== known) throw wrong(`${node.name} has ${known} devices, not ${node.gpus} GPUs`);
    if (perNode % known !== 0)
      throw wrong(`${perNode} slots cannot be dealt to the ${known} GPUs of ${node.name} evenly; check --gpus`);
    return { name: node.name, slots: perNode, gpus: known, ...(node.domain === undefined ? {} : { domain: node.domain }) };
  });
  const live = cluster.map((node, n) => withDeadRanks(node, n * perNode));
  if (live.every((node) => node.slots === 0)) throw wrong("no slot holds an expert; pass the plan of ranks that live");
  const numbers = loads.toSorted((a, b) => a.layer - b.layer);
  const busy = numbers.findIndex((layer) => layer.loads.some((load) => load > 0));
  const moe = moeLayersOf(
    // Layers without tokens in front are dense ones, as for encodePlan.
    numbers.slice(Math.max(0, busy)).map(({ layer }) => layer),
    surroundings,
  );
  const moeRows = rows.flatMap((row) => {
    const index = countsHiddenLayers[system] ? moeLayerAt(row.layer, surroundings) : row.layer;
    return index < 0 ? [] : [{ row, layer: moe.ours(index) }];
  });
  if (moeRows.length < rows.length && system !== "sglang") {
    const dense = rows.find(({ layer }) => moeLayerAt(layer, surroundings) < 0)?.layer;
    throw wrong(
      surroundings.moeLayers === undefined
        ? `layer ${dense} comes before the first MoE layer; correct --num-dense-layers`
        : `layer ${dense} is not among --moe-layers; name all layers that have experts`,
    );
  }
  if (moeRows.length === 0) throw wrong(`all ${rows.length} layers are dense; correct --num-dense-layers`);
  const layers = moeRows.map(({ row, layer }) => layerPlacement(row, layer));
  const fewest = layers.flatMap(({ replicas }) => replicas).reduce((least, copies) => Math.min(least, copies), Infinity);
  return {
    type: "placement",
    version: 1,
    nodes: live,
    // What these systems do unless they are told to solve for shares.
    policy: { placement: system, minReplicas: fewest, seed: 0, shares: "even" },
    layers,
  };

  function layerPlacement({ layer: theirs, slots: row }: PlanRow, layer: number) {
    const found = loads.find((candidate) => candidate.layer === layer);
    if (found === undefined) {
      throw wrong(
        `its layer ${theirs} is layer ${layer} of the profile, which has no such layer; correct --num-dense-layers, --layer-base or --moe-layers, or profile all layers`,
      );
    }
    const experts = found.loads.length;
    const stranger = row.find((expert) => expert >= experts);
    if (stranger !== undefined) throw wrong(`layer ${theirs} holds expert ${stranger}; the profile has ${experts} experts`);
    const held = cluster.map((_, n) => row.slice(n * perNode, (n + 1) * perNode).filter((id) => id !== FREE_SLOT));
    const replicas = countReplicas(experts, held);
    const missing = replicas.indexOf(0);
    if (missing >= 0) throw wrong(`layer ${theirs} does not hold expert ${missing}; every expert needs a slot`);
    return { layer, loads: [...found.loads], replicas, nodes: held };
  }

  /** Ranks without an expert in any layer are dead, and have no slots. @param start first slot of the node */
  function withDeadRanks(node: ClusterNode, start: number): ClusterNode {
    const width = perNode / node.gpus;
    const deadGpus = Array.from({ length: node.gpus }, (_, gpu) => gpu).filter((gpu) => {
      const begin = start + gpu * width;
      const parts = rows.map((row) => row.slots.slice(begin, begin + width));
      const free = parts.map((held) => held.filter((id) => id === FREE_SLOT).length);
      const odd = free.findIndex((count) => count !== free[0] || (count > 0 && count < width));
      if (odd >= 0) {
        throw wrong(
          `some slots of rank ${begin / width}, GPU ${gpu} of ${node.name}, hold no expert (-1), others do; expected all in all layers, where it is dead, or none`,
        );
      }
      return free[0]! > 0;
    });
    return deadGpus.length === 0 ? node : { ...node, slots: perNode - deadGpus.length * width, deadGpus };
  }
}
