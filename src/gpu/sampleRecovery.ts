/** Recovery probability of a placement by Monte Carlo on a backend. */
import { estimatedOutcomes } from "../core/recovery/estimatedOutcomes.ts";
import { minimalHostSets } from "../core/recovery/minimalHostSets.ts";
import type { FailureOutcome, RecoveryProbabilities } from "../core/recovery/outcomes.ts";
import type { Backend } from "./backend.ts";
import { WrongResult } from "./checkResult.ts";
import { type Device, readingCall } from "./device.ts";
import { deviceWork } from "./deviceWork.ts";
import { aliveWords, failureOrders, hostSetWords, wordsOf } from "./failureOrders.ts";
import { plainSurvivors, survivorsStage } from "./kernels/recoveryMonteCarlo.ts";

/** Numbers of alive sets that go to the device at a time. */
const BATCH_CELLS = 1 << 18;
/** Orders that go at a time: rows of the largest texture that every WebGL 2 has. */
const MOST_ORDERS = 2048;

export interface SamplingOptions {
  /** Failure orders to draw. */
  readonly samples: number;
  readonly seed: number;
  /** Is told how many orders are done. */
  readonly progress?: (done: number) => void;
}

/**
 * Probability that every expert keeps a live host when k nodes, drawn uniformly, fail, for all k, with 95 % intervals.
 * The failure orders are drawn on the host, so that every backend gives the same bytes.
 *
 * @param hostSets host nodes of every expert of all layers together, each ascending, nodes in [0, nodes)
 * @throws RangeError when a host set is malformed or `samples` is not a positive whole number; WrongResult when the backend
 *   miscounts the first batch
 */
export async function sampleRecovery(
  backend: Pick<Backend, "device">,
  hostSets: readonly (readonly number[])[],
  nodes: number,
  options: SamplingOptions,
): Promise<RecoveryProbabilities & { readonly method: "sampling" }> {
  const { samples, seed } = options;
  if (!Number.isSafeInteger(samples) || samples < 1)
    throw new RangeError(`samples must be a positive whole number, got ${samples}`);
  const sets = minimalHostSets(hostSets, nodes);
  const found = (failures: readonly FailureOutcome[], tolerates: number) =>
    ({ method: "sampling", failures, tolerates, samples, seed }) as const;
  const smallest = sets[0]?.length ?? nodes + 1;
  // An expert without host never survives.
  if (smallest === 0) {
    return found(
      Array.from({ length: nodes }, (_, step) => ({ failed: step + 1, probability: 0 })),
      0,
    );
  }
  const survivors = await countSurvivors(backend, { sets, nodes, samples }, options);
  return found(estimatedOutcomes(survivors, sets, nodes, samples), Math.max(0, smallest - 1));
}

interface Sampling {
  readonly sets: readonly (readonly number[])[];
  readonly nodes: number;
  readonly samples: number;
}

/** Orders that survive the first k failures, shape [nodes + 1]. */
async function countSurvivors(
  { device }: Pick<Backend, "device">,
  { sets, nodes, samples }: Sampling,
  { seed, progress }: SamplingOptions,
): Promise<Float64Array> {
  const survivors = new Float64Array(nodes + 1);
  if (sets.length === 0) return survivors.fill(samples);
  survivors[0] = samples;
  const words = wordsOf(nodes);
  const fitting = Math.max(1, Math.floor(BATCH_CELLS / (nodes * words)));
  const batch = { sets, nodes, samples: Math.min(samples, MOST_ORDERS, fitting) };
  const hosts = hostSetWords(sets, nodes);
  const next = failureOrders(nodes, seed);
  const count = device && (await deviceCount(device, batch, hosts));
  for (let drawn = 0; drawn < samples; drawn += batch.samples) {
    const orders = Array.from({ length: Math.min(batch.samples, samples - drawn) }, next);
    const alive = aliveWords(orders, batch.samples, nodes);
    const counts = count ? await count(alive) : plainSurvivors(batch, alive, hosts);
    if (count && drawn === 0) checkCounts(counts, plainSurvivors(batch, alive, hosts));
    for (let step = 0; step < nodes; step++) survivors[step + 1]! += counts[step]!;
    progress?.(Math.min(samples, drawn + batch.samples));
  }
  return survivors;
}

/** From alive sets, shape [samples][nodes][words], to how many survive 1, 2, ... failures, shape [nodes]. */
async function deviceCount(
  device: Device,
  batch: Sampling,
  hosts: Float32Array,
): Promise<(alive: Float32Array) => Promise<Float32Array>> {
  const words = wordsOf(batch.nodes);
  const guarded = <T>(work: () => Promise<T>) => deviceWork("sampling recovery", "try another --backend", work);
  const stage = survivorsStage(device, batch);
  const hostArray = await guarded(() => device.resident(hosts, [words, batch.sets.length]));
  return (alive) => {
    const transient = device.transient(alive, [words, batch.nodes, batch.samples]);
    return guarded(readingCall(device, () => stage(transient, hostArray)));
  };
}

/** @throws WrongResult */
function checkCounts(counts: Float32Array, expected: Float32Array): void {
  const wrong = expected.findIndex((count, step) => counts[step] !== count);
  if (wrong < 0) return;
  throw new WrongResult(
    `the backend says that ${counts[wrong]} orders survive ${wrong + 1} failures; it should be ${expected[wrong]}: choose another --backend`,
  );
}
