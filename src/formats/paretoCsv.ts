/** A front of plans as flat rows. */
import { stringify } from "csv-stringify/sync";
import type { ParetoPoint } from "../core/placement/paretoFront.ts";

const HEADER = "plan,asked,on_front,survival,lost,tolerates,balance,compute,traffic,sync,step_seconds\n";

/** CSV with one row a plan; `step_seconds` is empty where no job is known. */
export function paretoCsv(points: readonly ParetoPoint[]): string {
  return (
    HEADER +
    stringify(
      points.map(({ plan, asked, isOnFront, survival, tolerates, balance, cost, stepSeconds }) => [
        plan,
        asked,
        isOnFront ? "yes" : "no",
        survival,
        1 - survival,
        tolerates,
        balance,
        cost.compute,
        cost.traffic,
        cost.sync,
        stepSeconds,
      ]),
    )
  );
}
