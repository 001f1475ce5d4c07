/** place --recovery-method: where the recovery probabilities of a placement come from. */

import type { Placement } from "../core/layout/placement.ts";
import type { FoundRecovery } from "../core/placement/assess.ts";
import { hostsByUnit, type UnitHosts, unitsOf } from "../core/recovery/failureUnits.ts";
import { UsageError } from "../errors.ts";
import type { RecoveryBackend } from "../formats/placementDocument.ts";
import { parseCount } from "../formats/units.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { startProgress } from "./progress.ts";
import { backendChoice, openWantedBackend, wantedBackends } from "./wantedBackend.ts";

const DEFAULT_SAMPLES = 100_000;

export const recoveryMethodOptions = {
  "recovery-method": choice({
    choices: ["auto", "gpu"],
    fallback: "auto",
    says: "How recovery probabilities are found: auto is exact wherever that is feasible, and else samples and says so; gpu samples through gpu.js, with 95 % intervals.",
  }),
  backend: choice({
    choices: wantedBackends,
    says: `What --recovery-method gpu runs on: ${backendChoice} Default: auto.`,
  }),
  samples: option({
    argument: "N",
    parse: parseCount(1, 1e9),
    says: `Failure orders that --recovery-method gpu draws, with --seed. Default: ${DEFAULT_SAMPLES}.`,
  }),
};

/** Recovery probabilities that were sampled, and on what. */
export interface SampledRecovery {
  readonly found: FoundRecovery;
  readonly backend: RecoveryBackend;
}

/** Samples the recovery of placements. */
export type RecoverySampler = (placement: Placement) => Promise<SampledRecovery>;

/**
 * Runs work with what samples recovery on the wanted backend, if the options ask for that; gpu.js is loaded only then.
 * @throws UsageError when options contradict each other; MachineError when the backend does not work here
 */
export async function withRecoverySampler<T>(
  options: OptionValues<typeof recoveryMethodOptions> & { readonly seed: number },
  work: (sampler: RecoverySampler | undefined) => Promise<T>,
): Promise<T> {
  const { samples = DEFAULT_SAMPLES, seed } = options;
  if (options["recovery-method"] !== "gpu") {
    for (const name of ["backend", "samples"] as const) {
      if (options[name] !== undefined)
        throw new UsageError(`--${name} is for --recovery-method gpu; add that, or leave this out`);
    }
    return work(undefined);
  }
  const { sampleRecovery } = await import("../gpu/sampleRecovery.ts");
  const backend = await openWantedBackend(options.backend ?? "auto", "recovery is sampled");
  const { name, adapter, software } = backend;
  const sampled = async ({ hostSets, count }: UnitHosts) => {
    const progress = await startProgress(`sampling on ${name}`, samples);
    try {
      return await sampleRecovery(backend, hostSets, count, { samples, seed, progress: progress.update });
    } finally {
      progress.stop();
    }
  };
  try {
    return await work(async (placement) => {
      const found: { -readonly [U in keyof FoundRecovery]: FoundRecovery[U] } = {};
      for (const unit of unitsOf(placement.cluster)) found[unit] = await sampled(hostsByUnit(placement, unit));
      return { found, backend: { name, adapter, software } };
    });
  } finally {
    await backend.close();
  }
}
