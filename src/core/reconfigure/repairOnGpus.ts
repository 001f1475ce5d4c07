/** A repair where GPUs fail one by one: each GPU is a node of its own. */
import { gpuCluster } from "../layout/gpuCluster.ts";
import { hostSets, type LayerPlacement } from "../layout/placement.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { type RepairProblem, repairPlacement } from "./repair/repairPlacement.ts";

/** As `repairPlacement`, on the GPUs of nodes with live ones only. */
export function repairOnGpus(problem: RepairProblem): MadePlacement {
  const { old, whole = old, survivors, policy } = problem;
  const [first, before, after] = [gpuCluster(whole.cluster), gpuCluster(old.cluster), gpuCluster(survivors.cluster)];
  const apart = (layers: readonly LayerPlacement[], { apart: slotsOf }: typeof before) =>
    layers.map((layer) => ({ ...layer, nodes: slotsOf(layer.nodes) }));
  const layers = apart(survivors.layers, after);
  const found = repairPlacement({
    ...problem,
    old: { cluster: before.cluster, layers: apart(old.layers, before) },
    whole: { cluster: first.cluster, layers: apart(whole.layers, first) },
    survivors: { ...survivors, cluster: after.cluster, layers, holders: layers.map(hostSets) },
    policy: { ...policy, failureUnit: "node" },
  });
  const together = found.layers.map((layer) => ({ ...layer, nodes: after.together(layer.nodes) }));
  return { ...found, cluster: survivors.cluster, layers: together };
}
