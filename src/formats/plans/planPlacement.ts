/** From a plan of another system to a placement: the plan says who holds what, the user the nodes, a profile the loads. */
import type { ClusterNode } from "../../core/cluster.ts";
import { countReplicas, type LayerLoads } from "../../core/placement.ts";
import { InputError, UsageError } from "../../errors.ts";
import type { PlacementDocument } from "../documents/placement.ts";
import { type ForeignPlan, type LayerNumbering, layerShift, type PlanRow } from "./plan.ts";

/** What a plan does not say. */
export interface PlanSurroundings extends LayerNumbering {
  /** Names of the nodes in rank order. */
  readonly nodes: readonly string[];
  /** GPUs of a node; one when neither they nor the plan say. */
  readonly gpus: number | undefined;
  /** Loads of every layer in our numbering. */
  readonly loads: readonly LayerLoads[];
}

/**
 * The placement that a plan stands for.
 * @throws InputError when plan, nodes and loads do not fit together; UsageError when nodes or GPUs disagree with its devices
 */
export function planPlacement(plan: ForeignPlan, surroundings: PlanSurroundings, file: string): PlacementDocument {
  const { system, rows } = plan;
  const { nodes, loads } = surroundings;
  const wrong = (what: string) => new InputError(`in the ${system} plan: ${what}`, { file });
  const slots = rows[0]?.slots.length ?? 0;
  const gpus = gpusOfNode(plan, surroundings);
  if (slots % (nodes.length * gpus) !== 0) {
    throw wrong(
      `${slots} slots cannot be dealt evenly to ${nodes.length} nodes with ${gpus} GPUs; check --plan-nodes and --plan-gpus`,
    );
  }
  const perNode = slots / nodes.length;
  const cluster: ClusterNode[] = nodes.map((name) => ({ name, slots: perNode, gpus }));
  const shift = layerShift(system, surroundings);
  const moeRows = rows.filter(({ layer }) => layer + shift >= surroundings.layerBase);
  if (moeRows.length < rows.length && system !== "sglang") {
    throw wrong(`layer ${rows[0]?.layer} comes before the first MoE layer; correct --num-dense-layers`);
  }
  if (moeRows.length === 0) throw wrong(`all ${rows.length} layers are dense; correct --num-dense-layers`);
  const layers = moeRows.map((row) => layerPlacement(row, row.layer + shift));
  const fewest = layers.flatMap(({ replicas }) => replicas).reduce((least, copies) => Math.min(least, copies), Infinity);
  return {
    type: "placement",
    version: 1,
    nodes: cluster,
    policy: { placement: system, minReplicas: fewest, seed: 0 },
    layers,
  };

  function layerPlacement({ layer: theirs, slots: row }: PlanRow, layer: number) {
    const found = loads.find((candidate) => candidate.layer === layer);
    if (found === undefined) {
      throw wrong(
        `its layer ${theirs} is layer ${layer} of the profile, which has no such layer; correct --num-dense-layers or --layer-base, or profile all layers`,
      );
    }
    const experts = found.loads.length;
    const stranger = row.find((expert) => expert >= experts);
    if (stranger !== undefined) throw wrong(`layer ${theirs} holds expert ${stranger}; the profile has ${experts} experts`);
    const held = cluster.map((_, n) => row.slice(n * perNode, (n + 1) * perNode));
    const replicas = countReplicas(experts, held);
    const missing = replicas.indexOf(0);
    if (missing >= 0) throw wrong(`layer ${theirs} does not hold expert ${missing}; every expert needs a slot`);
    return { layer, loads: [...found.loads], replicas, nodes: held };
  }
}

function gpusOfNode({ system, ranks }: ForeignPlan, { nodes, gpus }: PlanSurroundings): number {
  if (ranks === undefined) return gpus ?? 1;
  const each = ranks / nodes.length;
  if (!Number.isInteger(each))
    throw new UsageError(
      `--plan-nodes: the ${system} plan has ${ranks} devices, which ${nodes.length} nodes cannot share evenly`,
    );
  if (gpus !== undefined && gpus !== each)
    throw new UsageError(`--plan-gpus ${gpus}: the ${system} plan has ${ranks} devices on ${nodes.length} nodes, ${each} each`);
  return each;
}
