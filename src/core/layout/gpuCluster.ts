/** A cluster taken apart into its GPUs, each a node of its own: what to place on where GPUs fail one by one. */
import { type ClusterNode, gpuOfSlot } from "./cluster.ts";

/** The live GPUs of a cluster that have slots, and the way between slots by node and slots by GPU. */
export interface GpuCluster {
  /** A node of one GPU for each, named `node:gpu`: the first GPUs of all nodes, then their second ones, and so on. */
  readonly cluster: readonly ClusterNode[];
  /** Node and GPU of each, shape [GPUs]. */
  readonly gpus: readonly { readonly node: number; readonly gpu: number }[];
  /** The slots of every GPU, from those of every node. */
  readonly apart: (nodes: readonly (readonly number[])[]) => number[][];
  /** The slots of every node, from those of every GPU. */
  readonly together: (gpus: readonly (readonly number[])[]) => number[][];
}

/**
 * Takes a cluster apart. What is placed in neighbouring cells of nodes is so on GPUs of different nodes, as far as there are
 * enough nodes: GPUs are all alike to a failure of one of them, so that failures of whole nodes are survived for nothing.
 */
export function gpuCluster(nodes: readonly ClusterNode[]): GpuCluster {
  const runs = nodes
    .flatMap((node, n) => {
      const slots = new Map<number, number>();
      for (let slot = 0; slot < node.slots; slot++) {
        const gpu = gpuOfSlot(node, slot);
        slots.set(gpu, (slots.get(gpu) ?? 0) + 1);
      }
      let first = 0;
      return Array.from(slots, ([gpu, count], turn) => {
        first += count;
        return { n, gpu, turn, first: first - count, count };
      });
    })
    .sort((a, b) => a.turn - b.turn || a.n - b.n);
  return {
    cluster: runs.map(({ n, gpu, count }) => ({ name: `${nodes[n]!.name}:${gpu}`, slots: count, gpus: 1 })),
    gpus: runs.map(({ n, gpu }) => ({ node: n, gpu })),
    apart: (held) => runs.map(({ n, first, count }) => held[n]!.slice(first, first + count)),
    together: (held) => {
      const joined = nodes.map(({ slots }) => new Array<number>(slots));
      runs.forEach(({ n, first }, unit) => {
        held[unit]!.forEach((expert, i) => {
          joined[n]![first + i] = expert;
        });
      });
      return joined;
    },
  };
}
