/** How fast the loads of a log change. */
import { LoadDrift } from "../core/forecast/loadDrift.ts";
import type { WindowSelection } from "../core/profile/loadProfiler.ts";
import { WindowError } from "../core/profile/windowError.ts";
import { InputError, UsageError } from "../errors.ts";
import { checkLoadDrift, type LoadDriftDocument, loadDriftDocument } from "../formats/documents/loadDrift.ts";
import { stepsOf } from "./forecastLoads.ts";
import { toggle } from "./option.ts";
import { lastOf } from "./plotOption.ts";
import { openRoutingInput, type RoutingInputOptions } from "./routingInput.ts";
import { inform } from "./warn.ts";
import type { Renderers } from "./writeDocuments.ts";

export const driftOption = toggle({
  says: "How fast loads change, instead of the loads: distance of shares and rank correlation of experts between windows (of --every recorded iterations; 64 to 128 windows without it), and the half-life of a plan's balance, layer by layer.",
});

/** A document of its own. */
export const driftRenderers: Renderers<LoadDriftDocument> = {
  check: checkLoadDrift,
  csv: async () => (await import("../formats/loadDriftCsv.ts")).loadDriftCsv,
  table: async () => (await import("../report/driftTable.ts")).driftTable,
  picture: async () => lastOf((await import("../report/driftPicture.ts")).driftPicture),
};

/** What drift is measured of. */
export interface DriftOptions extends RoutingInputOptions {
  readonly window?: WindowSelection | undefined;
  readonly every?: number | undefined;
  readonly layers?: readonly number[] | undefined;
}

/** Reads a log, or a series of load-profiles. @throws InputError, UsageError */
export async function readDrift(file: string | undefined, options: DriftOptions): Promise<LoadDriftDocument> {
  const { window, every, layers } = options;
  if (window?.kind === "last") throw new UsageError("--drift goes with --window FROM:TO, not with last:K");
  const found = await openRoutingInput(file, { ...options, byRank: false, ordered: true });
  const drift = new LoadDrift(every);
  try {
    for await (const step of "steps" in found ? found.steps : stepsOf(found.profiles)) {
      if (window?.kind === "range" && (step.iteration < window.from || step.iteration > window.to)) continue;
      drift.add(step);
    }
    const figures = drift.figures();
    inform(`${found.name}: read ${figures.iterations} iterations`);
    const absent = layers?.find((wanted) => !figures.layers.some(({ layer }) => layer === wanted));
    if (absent !== undefined)
      throw new InputError(`no layer ${absent}; the log holds ${figures.layers.map(({ layer }) => layer).join(", ")}`, {
        file: found.name,
      });
    const chosen = layers === undefined ? figures.layers : figures.layers.filter(({ layer }) => layers.includes(layer));
    return loadDriftDocument({ ...figures, layers: chosen });
  } catch (error) {
    throw error instanceof WindowError ? new InputError(error.message, { file: found.name }) : error;
  }
}
