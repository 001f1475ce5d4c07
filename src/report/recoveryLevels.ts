/** What a placement survives by what fails: GPUs, nodes and failure domains beside each other. */
import { FAILURE_UNITS, unitName } from "../core/placement/policy.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import type { Paint } from "./paint.ts";
import { grouped, percent, textTable } from "./table.ts";

type Levels = NonNullable<NonNullable<PlacementDocument["recovery"]>["byUnit"]>;
type Level = NonNullable<Levels["node"]>;

/** Numbers of failures that are shown. */
const FAILURES = [1, 2, 3, 4, 8, 16, 32, 64];

/**
 * A column for each level, a row for each number of failures, the tolerated failures and the survival.
 * @param failureProbability of a unit, that `survival` holds for
 */
export function recoveryLevels(levels: Levels, failureProbability: number | undefined, paint: Paint): string {
  const shown = FAILURE_UNITS.flatMap((unit) => {
    const level = levels[unit];
    return level === undefined ? [] : [{ unit, level }];
  });
  const most = Math.max(...shown.map(({ level }) => level.failures.findLastIndex(({ probability }) => probability > 0) + 1));
  const row = (head: string, cell: (level: Level) => string) => [head, ...shown.map(({ level }) => cell(level))];
  const rows = [
    ...FAILURES.filter((failed) => failed <= most + 1).map((failed) =>
      row(`all experts survive ${failed}`, ({ failures }) => {
        const outcome = failures[failed - 1];
        return outcome === undefined ? "" : `${outcome.interval ? "~" : ""}${percent(outcome.probability, 2)}`;
      }),
    ),
    row("always survived", ({ tolerates }) => grouped(tolerates)),
    ...(failureProbability === undefined
      ? []
      : [
          row(`survival, each failing with ${percent(failureProbability, 1)}`, ({ survival, survivalInterval }) =>
            survival === undefined ? "" : `${survivalInterval ? "~" : ""}${percent(survival, 2)}`,
          ),
        ]),
  ];
  const columns = [
    { head: "failed at once", align: "left" as const },
    ...shown.map(({ unit, level: { count } }) => ({
      head: `${count} ${unitName(unit)}${count === 1 ? "" : "s"}`,
    })),
  ];
  const samples = new Set(shown.flatMap(({ level }) => level.samples ?? []));
  const note = samples.size === 0 ? "" : `\n~ estimated from ${[...samples].map(grouped).join(" or ")} failure orders`;
  return textTable(columns, rows, paint) + note;
}
