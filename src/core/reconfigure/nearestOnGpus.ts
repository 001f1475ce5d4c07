/** Placement `resilient` after a change of nodes or GPUs, where GPUs fail one by one: each GPU is a node of its own. */
import { gpuCluster } from "../layout/gpuCluster.ts";
import { hostSets, type LayerPlacement } from "../layout/placement.ts";
import type { MadePlacement } from "../placement/makePlacement.ts";
import { type NearestPlacement, type NearestPlacementProblem, nearestPlacement } from "./nearestPlacement.ts";

/**
 * As `nearestPlacement`, on GPUs.
 * @param problem old nodes and live ones with live GPUs only
 */
export function nearestOnGpus(problem: NearestPlacementProblem, anew: () => MadePlacement): NearestPlacement {
  const { old, survivors, policy } = problem;
  const [before, after] = [gpuCluster(old.cluster), gpuCluster(survivors.cluster)];
  const apart = (layers: readonly LayerPlacement[], { apart: slotsOf }: typeof before) =>
    layers.map((layer) => ({ ...layer, nodes: slotsOf(layer.nodes) }));
  const layers = apart(survivors.layers, after);
  const unitOf = new Map(before.gpus.map(({ node, gpu }, unit) => [`${node}:${gpu}`, unit]));
  const found = nearestPlacement(
    {
      ...problem,
      old: { cluster: before.cluster, layers: apart(old.layers, before), spilled: old.spilled },
      survivors: {
        cluster: after.cluster,
        layers,
        oldNode: after.gpus.map(({ node, gpu }) => unitOf.get(`${survivors.oldNode[node]!}:${gpu}`) ?? -1),
        holders: layers.map(hostSets),
        lost: [],
      },
      policy: { ...policy, failureUnit: "node" },
    },
    () => {
      const made = anew();
      return { ...made, cluster: after.cluster, layers: apart(made.layers, after) };
    },
  );
  const { placement } = found;
  const together = placement.layers.map((layer) => ({ ...layer, nodes: after.together(layer.nodes) }));
  return { ...found, placement: { ...placement, cluster: survivors.cluster, layers: together } };
}
