/** What moves when a system goes from one plan to another: who plays which part, and how long the transfers take. */
import { nodeBytesPerSecond } from "../cost/hardwareSpec.ts";
import { modelSize } from "../cost/modelSize.ts";
import type { TrainingSpec } from "../cost/trainingSpec.ts";
import { uniformCluster } from "../layout/cluster.ts";
import type { LayerPlacement, Placement } from "../layout/placement.ts";
import { reconfigure } from "../reconfigure/reconfigure.ts";
import { survivors } from "../reconfigure/survivors.ts";
import type { ElasticPlan } from "./elasticPlan.ts";

/** The way to a plan. */
export interface PlanChange {
  /** For every part of the new plan the part of the old one that its node played, -1 for a node that joins. */
  readonly parts: readonly number[];
  readonly transferSeconds: number;
}

/**
 * Finds the way from a plan to another.
 * @param lost parts of the old plan whose nodes are gone, ascending
 * @param joined nodes that come in; old nodes, those lost and joined ones give the new plan's number
 */
export type PlanTransfers = (from: ElasticPlan, lost: readonly number[], joined: number, to: ElasticPlan) => PlanChange;

/** Nodes up to which the transfers are planned; beyond, every slot counts as fetched anew, which still takes seconds. */
const MOST_PLANNED_NODES = 64;

/** Transfers as `recover` plans them, between nodes' networks; each way is planned once. */
export function planTransfers(job: TrainingSpec): PlanTransfers {
  const { model, hardware } = job;
  const size = modelSize(model);
  const rate = nodeBytesPerSecond(hardware);
  const expertSeconds = (size.expert * model.stateBytesPerParameter) / rate;
  const denseSeconds = (size.dense * model.stateBytesPerParameter) / rate;
  const known = new Map<ElasticPlan, Map<ElasticPlan, Map<string, PlanChange>>>();

  function changeOf(from: ElasticPlan, lost: readonly number[], joined: number, to: ElasticPlan): PlanChange {
    const nodes = from.nodes;
    const fetchesDense = joined === 0 ? 0 : denseSeconds;
    if (nodes > MOST_PLANNED_NODES || to.nodes > MOST_PLANNED_NODES) {
      const gone = new Set(lost);
      const parts = [
        ...Array.from({ length: nodes }, (_, part) => part).filter((part) => !gone.has(part)),
        ...new Array<number>(joined).fill(-1),
      ];
      const isSame = from === to && lost.length === 0;
      return { parts, transferSeconds: isSame ? 0 : model.layers * model.slotsPerNode * expertSeconds + fetchesDense };
    }
    // Layers that share their placement before and after move alike.
    const { before, after } = distinctPairs(from.layers, to.layers);
    const slots = from.layers[0]!.nodes[0]!.length;
    const newcomers = uniformCluster(Math.max(1, joined), slots, hardware.gpusPerNode).slice(0, joined);
    const old: Placement = { cluster: uniformCluster(nodes, slots, hardware.gpusPerNode), layers: before };
    const live = survivors(
      old,
      lost,
      newcomers.map((node, i) => ({ ...node, name: `joined${i}` })),
    );
    const change = reconfigure({ survivors: live, plan: after, mapping: "optimal", keepDomains: false });
    return {
      parts: change.physicalNode.map((node) => live.oldNode[node]!),
      transferSeconds: change.rounds * (model.layers / before.length) * expertSeconds + fetchesDense,
    };
  }

  return (from, lost, joined, to) => {
    const targets = known.get(from) ?? new Map<ElasticPlan, Map<string, PlanChange>>();
    known.set(from, targets);
    const ways = targets.get(to) ?? new Map<string, PlanChange>();
    targets.set(to, ways);
    const key = `${lost.join()}/${joined}`;
    const change = ways.get(key) ?? changeOf(from, lost, joined, to);
    ways.set(key, change);
    return change;
  };
}

function distinctPairs(from: readonly LayerPlacement[], to: readonly LayerPlacement[]) {
  const seen = new Map<LayerPlacement, Set<LayerPlacement>>();
  const before: LayerPlacement[] = [];
  const after: LayerPlacement[] = [];
  from.forEach((layer, l) => {
    const targets = seen.get(layer) ?? new Set<LayerPlacement>();
    seen.set(layer, targets);
    if (targets.has(to[l]!)) return;
    targets.add(to[l]!);
    // Layers are told apart by their numbers.
    before.push({ ...layer, layer: before.length });
    after.push({ ...to[l]!, layer: after.length });
  });
  return { before, after };
}
