/** Monte Carlo recovery: how many random failure orders leave every host set a live node after 1, 2, ... failures. */
import { type BenchKernel, everyCell } from "../benchKernel.ts";
import type { Device, DeviceArray } from "../device.ts";
import { aliveWords, failureOrders, hostSetWords, wordsOf } from "../failureOrders.ts";
import { blockLength } from "./histogram.ts";

/** What is sampled: minimal host sets over nodes 0..nodes-1. */
export interface RecoveryWorkload {
  readonly sets: readonly (readonly number[])[];
  readonly nodes: number;
  /** Failure orders in one call. */
  readonly samples: number;
}

export function recoveryKernel(workload: RecoveryWorkload, seed: number): BenchKernel {
  const { sets, nodes, samples } = workload;
  const next = failureOrders(nodes, seed);
  const orders = Array.from({ length: samples }, next);
  const words = wordsOf(nodes);
  const alive = aliveWords(orders, samples, nodes);
  const hosts = hostSetWords(sets, nodes);
  return {
    name: "recovery-mc",
    size: `samples=${samples} nodes=${nodes} sets=${sets.length}`,
    work: { bytes: 4 * (alive.length + hosts.length + nodes) },
    exact: everyCell,
    reference: () => survivorsByOrder(workload, orders),
    plain: () => plainSurvivors(workload, alive, hosts),
    prepare: async (device) => {
      const stage = survivorsStage(device, workload);
      const aliveArray = await device.resident(alive, [words, nodes, samples]);
      const hostArray = await device.resident(hosts, [words, sets.length]);
      return () => stage(aliveArray, hostArray);
    },
  };
}

/** On the device: alive sets [words, nodes, samples] and host sets [words, sets] to survivors of 1, 2, ... failures, [nodes]. */
export function survivorsStage(device: Device, { sets, nodes, samples }: RecoveryWorkload) {
  const words = wordsOf(nodes);
  const survives = device.kernel(
    `function(alive, hosts) {
      let survives = 1;
      for (let s = 0; s < ${sets.length}; s++) {
        let live = 0;
        for (let w = 0; w < ${words}; w++) {
          const left = alive[this.thread.y][this.thread.x][w];
          const needed = hosts[s][w];
          if ((left & needed) > 0) { live = 1; }
        }
        if (live === 0) { survives = 0; }
      }
      return survives;
    }`,
    [nodes, samples],
  );
  const block = blockLength(samples);
  const blocks = Math.ceil(samples / block);
  const addBlocks = device.kernel(
    `function(survives) {
      let count = 0;
      for (let i = 0; i < ${block}; i++) {
        const sample = this.thread.y * ${block} + i;
        if (sample < ${samples}) { count += survives[sample][this.thread.x]; }
      }
      return count;
    }`,
    [nodes, blocks],
  );
  const addAll = device.kernel(
    `function(blocks) {
      let count = 0;
      for (let b = 0; b < ${blocks}; b++) { count += blocks[b][this.thread.x]; }
      return count;
    }`,
    [nodes],
  );
  return async (alive: DeviceArray, hosts: DeviceArray): Promise<DeviceArray> => {
    const each = await survives(alive, hosts);
    const inBlocks = await addBlocks(each);
    const survivors = await addAll(inBlocks);
    device.release(each, inBlocks);
    return survivors;
  };
}

/** By definition: a set dies with the last of its hosts, and the job with the first set, shape [nodes]. */
function survivorsByOrder({ sets, nodes }: RecoveryWorkload, orders: readonly (readonly number[])[]): Float64Array {
  const survivors = new Float64Array(nodes);
  for (const order of orders) {
    const dies = Math.min(nodes, ...sets.map((set) => Math.max(...set.map((node) => order.indexOf(node)))));
    for (let step = 0; step < dies; step++) survivors[step]! += 1;
  }
  return survivors;
}

/** The same in plain JavaScript: stops at the first set that is lost, shape [nodes]. */
export function plainSurvivors(
  { sets, nodes, samples }: RecoveryWorkload,
  alive: Float32Array,
  hosts: Float32Array,
): Float32Array {
  const words = wordsOf(nodes);
  const survivors = new Float32Array(nodes);
  for (let sample = 0; sample < samples; sample++) {
    for (let step = 0; step < nodes && survivesAt((sample * nodes + step) * words); step++) survivors[step]! += 1;
  }
  return survivors;

  function survivesAt(at: number): boolean {
    for (let s = 0; s < sets.length; s++) {
      let live = 0;
      for (let w = 0; w < words; w++) live |= alive[at + w]! & hosts[s * words + w]!;
      if (live === 0) return false;
    }
    return true;
  }
}
