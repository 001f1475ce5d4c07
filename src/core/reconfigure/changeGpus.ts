/** What is left of a placement when single GPUs of its nodes fail, and what it is with GPUs that come back. */
import { type ClusterNode, gpuOfSlot } from "../layout/cluster.ts";
import { Infeasible } from "../layout/infeasible.ts";
import { countReplicas, FREE_SLOT, type Placement } from "../layout/placement.ts";

/** A GPU, by its number within its node. */
export interface NodeGpu {
  readonly node: number;
  readonly gpu: number;
}

/** What failed: whole nodes, and single GPUs of others. */
export interface Failures {
  /** Ascending. */
  readonly failed: readonly number[];
  /** Live GPUs of nodes that go on, by node and GPU. */
  readonly failedGpus: readonly NodeGpu[];
}

/**
 * Failures without repeats, and without GPUs that were dead already or fail with their nodes. A node whose GPUs are all dead has
 * failed.
 * @throws RangeError when there is no such node or GPU
 */
export function failuresOf(
  cluster: readonly ClusterNode[],
  failed: readonly number[],
  failedGpus: readonly NodeGpu[] = [],
): Failures {
  for (const { node, gpu } of failedGpus) checkGpu(cluster, node, gpu);
  const dead = cluster.map(({ deadGpus = [] }, n) => {
    return new Set([...deadGpus, ...failedGpus.filter(({ node }) => node === n).map(({ gpu }) => gpu)]);
  });
  const isDown = (node: number) => failed.includes(node) || dead[node]!.size === cluster[node]!.gpus;
  return {
    failed: [...cluster.keys()].filter(isDown),
    failedGpus: cluster.flatMap(({ deadGpus = [] }, node) =>
      isDown(node)
        ? []
        : [...dead[node]!]
            .filter((gpu) => !deadGpus.includes(gpu))
            .sort((a, b) => a - b)
            .map((gpu) => ({ node, gpu })),
    ),
  };
}

/**
 * A placement whose nodes lose GPUs, with their slots, and get others, with slots that are free. What the other slots hold stays.
 * @param failedGpus live GPUs, not all of a node
 * @param joinedGpus dead GPUs, or ones that fail just now
 * @throws Infeasible about `failed` when the slots of such a node are no multiple of its GPUs; RangeError when a GPU that joins is alive
 */
export function changeGpus(placement: Placement, failedGpus: readonly NodeGpu[], joinedGpus: readonly NodeGpu[] = []): Placement {
  if (failedGpus.length === 0 && joinedGpus.length === 0) return placement;
  const dead = placement.cluster.map(({ deadGpus }) => new Set(deadGpus));
  for (const { node, gpu } of failedGpus) dead[node]!.add(gpu);
  for (const { node, gpu } of joinedGpus) {
    checkGpu(placement.cluster, node, gpu);
    if (!dead[node]!.delete(gpu)) throw new RangeError(`GPU ${gpu} of ${placement.cluster[node]!.name} is alive`);
  }
  const changed = new Set([...failedGpus, ...joinedGpus].map(({ node }) => node));
  const cluster = placement.cluster.map((node, n) => (changed.has(n) ? withDeadGpus(node, dead[n]!) : node));
  const layers = placement.layers.map((layer) => {
    const nodes = layer.nodes.map((held, n) => {
      if (!changed.has(n)) return held;
      const [before, after] = [placement.cluster[n]!, cluster[n]!];
      const lost = new Set(failedGpus.filter(({ node }) => node === n).map(({ gpu }) => gpu));
      const runs: number[][] = Array.from({ length: before.gpus }, () => []);
      held.forEach((expert, slot) => {
        const gpu = gpuOfSlot(before, slot);
        runs[gpu]!.push(lost.has(gpu) ? FREE_SLOT : expert);
      });
      const perGpu = after.slots / liveGpus(after);
      return runs.flatMap((run, gpu) => {
        if (dead[n]!.has(gpu)) return [];
        return run.length === 0 ? new Array<number>(perGpu).fill(FREE_SLOT) : run;
      });
    });
    return { ...layer, nodes, replicas: countReplicas(layer.loads.length, nodes) };
  });
  return { ...placement, cluster, layers };
}

function withDeadGpus(node: ClusterNode, dead: ReadonlySet<number>): ClusterNode {
  const { deadGpus: _, ...alive } = node;
  const perGpu = node.slots / liveGpus(node);
  if (!Number.isInteger(perGpu)) {
    throw new Infeasible(
      `${node.name} has ${node.slots} slots on ${liveGpus(node)} GPUs, which is not as many on each, so that one of them cannot fail by itself; let the whole node fail`,
      "failed",
    );
  }
  const slots = perGpu * (node.gpus - dead.size);
  return dead.size === 0 ? { ...alive, slots } : { ...alive, slots, deadGpus: [...dead].sort((a, b) => a - b) };
}

function liveGpus({ gpus, deadGpus = [] }: ClusterNode): number {
  return gpus - deadGpus.length;
}

function checkGpu(cluster: readonly ClusterNode[], node: number, gpu: number): void {
  const gpus = cluster[node]?.gpus ?? 0;
  if (!(Number.isInteger(gpu) && gpu >= 0 && gpu < gpus)) throw new RangeError(`node ${node} has no GPU ${gpu}`);
}
