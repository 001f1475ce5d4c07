/** The toolkit's own placement beside the paper's on every setting, and where it loses. */
import { totalSeconds } from "../../core/simulation/summary.ts";
import type { Paint } from "../../report/paint.ts";
import { fixed, textTable } from "../../report/table.ts";
import type { Contest, Outcome } from "./contest.ts";
import { mean } from "./mean.ts";

const SYSTEMS = ["lazarus", "resilient"] as const;

/** Two rows a setting: rate, restarts, pauses and step time by parts. */
export function resilientTable(contests: readonly Contest[], paint: Paint): string {
  const rows = contests.flatMap(({ figure, what, outcomes }) =>
    SYSTEMS.map((system) => {
      const outcome = outcomes.get(system)!;
      const parts = Object.keys(outcome.runs[0]?.stepParts ?? {}) as (keyof Outcome["runs"][number]["stepParts"])[];
      const milliseconds = parts.map((part) => 1000 * mean(outcome.runs.map((run) => run.stepParts[part] ?? 0)));
      return [
        figure,
        what,
        system,
        fixed(rate(outcome), 2),
        fixed(rate(outcome) / rate(outcomes.get("lazarus")!), 3),
        fixed(mean(outcome.runs.map(({ restarts }) => restarts)), 2),
        `${fixed(100 * paused(outcome), 1)} %`,
        fixed(
          milliseconds.reduce((sum, part) => sum + part, 0),
          1,
        ),
        ...milliseconds.map((part) => fixed(part, 1)),
      ];
    }),
  );
  const left = { align: "left" as const };
  const numbers = [
    "samples/s",
    "over lazarus",
    "restarts",
    "paused",
    "step (ms)",
    "overhead",
    "dense compute",
    "dense gradients",
  ];
  const columns = [
    { head: "figure", ...left },
    { head: "setting", ...left },
    { head: "system", ...left },
    ...[...numbers, "expert compute", "all-to-all", "expert gradients"].map((head) => ({ head })),
  ];
  return textTable(columns, rows, paint);
}

/** One line a setting on which `resilient` trains fewer samples or restarts more often than `lazarus`. */
export function findings(contests: readonly Contest[]): string[] {
  const lost = contests.flatMap(({ figure, what, outcomes }) => {
    const [lazarus, resilient] = SYSTEMS.map((system) => outcomes.get(system)!) as [Outcome, Outcome];
    const setting = `figure ${figure}, ${what}: resilient`;
    const ratio = rate(resilient) / rate(lazarus);
    const restarts = [resilient, lazarus].map(({ runs }) => mean(runs.map((run) => run.restarts))) as [number, number];
    return [
      ...(ratio < 1 ? [`${setting} trains ${fixed(100 * (1 - ratio), 1)} % fewer samples than lazarus`] : []),
      ...(restarts[0] > restarts[1]
        ? [`${setting} restarts ${fixed(restarts[0], 2)} times, lazarus ${fixed(restarts[1], 2)}`]
        : []),
    ];
  });
  return lost.length === 0 ? ["resilient loses nowhere"] : lost;
}

/** Samples a second over all trials. */
function rate({ samples, seconds }: Outcome): number {
  return samples / seconds;
}

/** Part of the time in which the job does not compute. */
function paused({ runs }: Outcome): number {
  return 1 - mean(runs.map((run) => run.seconds.compute / totalSeconds(run)));
}
