/** Recovery probability of a placement by Monte Carlo on a backend. */
import { minimalHostSets } from "../core/recovery/minimalHostSets.ts";
import type { RecoveryProbabilities } from "../core/recovery/recoveryProbabilities.ts";
import { proportionInterval } from "../core/recovery/sampling.ts";
import type { Backend } from "./backend.ts";
import { aliveWords, failureOrders, hostSetWords, wordsOf } from "./failureOrders.ts";
import { plainSurvivors, survivorsStage } from "./kernels/recoveryMonteCarlo.ts";

/** Numbers of alive sets that go to the device at a time. */
const BATCH_CELLS = 1 << 18;

/**
 * Probability that every expert keeps a live host when k nodes, drawn uniformly, fail, for all k, with 95 % intervals.
 * The failure orders are drawn on the host, so that every backend gives the same bytes.
 *
 * @param hostSets host nodes of every expert of all layers together, each ascending, nodes in [0, nodes)
 * @throws RangeError when a host set is malformed or `samples` is not a positive whole number
 */
export async function sampleRecovery(
  backend: Pick<Backend, "device">,
  hostSets: readonly (readonly number[])[],
  nodes: number,
  samples: number,
  seed: number,
): Promise<RecoveryProbabilities & { readonly method: "sampling" }> {
  if (!Number.isSafeInteger(samples) || samples < 1)
    throw new RangeError(`samples must be a positive whole number, got ${samples}`);
  const sets = minimalHostSets(hostSets, nodes);
  const smallest = sets[0]?.length ?? nodes + 1;
  const survivors = await countSurvivors(backend, { sets, nodes, samples }, seed);
  const failures = Array.from(survivors, (count, step) => {
    const failed = step + 1;
    // What is certain needs no interval: too few failures to kill, an expert without host, or nobody left.
    if (failed < smallest) return { failed, probability: 1 };
    if (failed === nodes || smallest === 0) return { failed, probability: 0 };
    return { failed, probability: count / samples, interval: proportionInterval(count, samples) };
  });
  return { method: "sampling", failures, tolerates: Math.max(0, smallest - 1), samples };
}

interface Sampling {
  readonly sets: readonly (readonly number[])[];
  readonly nodes: number;
  readonly samples: number;
}

/** Orders that survive 1, 2, ... failures, shape [nodes]. */
async function countSurvivors(
  { device }: Pick<Backend, "device">,
  { sets, nodes, samples }: Sampling,
  seed: number,
): Promise<Float64Array> {
  const survivors = new Float64Array(nodes);
  if (sets.length === 0) return survivors.fill(samples);
  const words = wordsOf(nodes);
  const batch = { sets, nodes, samples: Math.min(samples, Math.max(1, Math.floor(BATCH_CELLS / (nodes * words)))) };
  const hosts = hostSetWords(sets, nodes);
  const next = failureOrders(nodes, seed);
  const stage = device && survivorsStage(device, batch);
  const hostArray = await device?.resident(hosts, [words, sets.length]);
  for (let drawn = 0; drawn < samples; drawn += batch.samples) {
    const orders = Array.from({ length: Math.min(batch.samples, samples - drawn) }, next);
    const alive = aliveWords(orders, batch.samples, nodes);
    let counts: Float32Array;
    if (device && stage && hostArray) {
      const result = await stage(device.transient(alive, [words, nodes, batch.samples]), hostArray);
      counts = await device.read(result);
      device.release(result);
    } else counts = plainSurvivors(batch, alive, hosts);
    for (let step = 0; step < nodes; step++) survivors[step]! += counts[step]!;
  }
  if (device && hostArray) device.release(hostArray);
  return survivors;
}
