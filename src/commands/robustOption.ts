/** Placements for all the loads that a forecast deems possible. */
import { robustPlacement } from "../core/forecast/robustPlacement.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { assess, resilienceOf } from "../core/placement/assess.ts";
import type { MadePlacement } from "../core/placement/makePlacement.ts";
import type { Policy } from "../core/placement/policy.ts";
import type { LoadForecast } from "../core/profile/loadForecast.ts";
import { UsageError } from "../errors.ts";
import { toggle } from "./option.ts";
import { warn } from "./warn.ts";

export const robustOption = toggle({
  says: "Of a forecast with scenarios (`profile-load --forecast ensemble`): of the plans for the forecast, for each scenario and for all of them at once the one whose worst balance over the scenarios is least, and that survives no less than the forecast's. A line says what that gained.",
});

/** Places for all scenarios, and says what came of it. @throws UsageError when there are none */
export function placeRobustly(
  layers: readonly LayerLoads[],
  forecast: LoadForecast | undefined,
  policy: Policy,
  place: (layers: readonly LayerLoads[]) => MadePlacement,
): MadePlacement {
  if (forecast?.scenarios === undefined) {
    throw new UsageError(
      `--robust needs scenarios, and ${forecast === undefined ? "these loads are no forecast" : `--forecast ${forecast.method} has none`}: \`lazarus profile-load --forecast ensemble --horizon H\` makes them`,
    );
  }
  const survival = (made: MadePlacement) => resilienceOf(assess(made, policy), policy).survival.probability;
  const { made, worst, plainWorst, chosen } = robustPlacement({ layers, scenarios: forecast.scenarios, policy, place, survival });
  const over = `over ${forecast.scenarios.length} scenarios`;
  warn(
    chosen === "forecast"
      ? `--robust: no plan has a lower worst balance (mean of its layers) ${over} than that for the forecast alone, ${worst.toFixed(4)}, and survives as much: it is the same plan`
      : `--robust: worst balance (mean of its layers) ${over} ${worst.toFixed(4)}, of the plan for the forecast alone ${plainWorst.toFixed(4)}; made for ${chosen === "all" ? "all scenarios at once" : `scenario ${chosen}`}`,
  );
  return made;
}
