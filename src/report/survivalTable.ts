/** What a placement survives, failure by failure: nodes with their bound, GPUs and failure domains beside them. */
import { FAILURE_UNITS, unitName } from "../core/placement/policy.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import type { Paint } from "./paint.ts";
import { NARROWEST, wrapped } from "./screen.ts";
import { bar, grouped, percent, textTable } from "./table.ts";

type Recovery = NonNullable<PlacementDocument["recovery"]>;
type Failures = Recovery["failures"];

/** Rows end with the first probability below this. */
const NEGLIGIBLE = 1e-4;
/** Numbers of failures beyond these are shown in ever larger steps. */
const EACH_UP_TO = 8;
const NARROW_BAR = 12;

/** A row for each number of failures, until less than 0.01 % of the cases are survived. */
export function survivalTable(recovery: Recovery, nodes: number, paint: Paint, width: number): string {
  const { failures, byUnit = {} } = recovery;
  const others = FAILURE_UNITS.flatMap((unit) => {
    const level = byUnit[unit];
    return unit === "node" || level === undefined ? [] : [{ unit, level }];
  });
  const sampled = failures.some(({ interval }) => interval);
  const last = failures.findIndex(({ probability }) => probability < NEGLIGIBLE);
  const most = last < 0 ? failures.length : last + 1;
  const barWidth = NARROW_BAR + Math.min(28, width - NARROWEST);
  const rows = failures
    .slice(0, most)
    .filter(({ failed }) => isShown(failed) || failed === most)
    .map(({ failed, probability, upperBound, interval }) => [
      String(failed),
      percent(probability, 2),
      ...(sampled ? [interval ? `${percent(interval[0], 2)} to ${percent(interval[1], 2)}` : "certain"] : []),
      upperBound === undefined ? "" : percent(upperBound, 2),
      healthy(probability, paint)(bar(probability, barWidth)),
      ...others.map(({ level }) => cell(level.failures, failed)),
    ]);
  const columns = [
    { head: "failed at once" },
    { head: `${grouped(nodes)} node${nodes === 1 ? "" : "s"}` },
    ...(sampled ? [{ head: "95 % interval" }] : []),
    { head: "upper bound" },
    { head: "", align: "left" as const },
    ...others.map(({ unit, level }) => ({ head: `${grouped(level.count)} ${unitName(unit)}s` })),
  ];
  const samples = new Set(others.flatMap(({ level }) => level.samples ?? []));
  const notes = [
    ...(samples.size === 0 ? [] : [`~ estimated from ${[...samples].map(grouped).join(" or ")} failure orders`]),
    wrapped(verdict(recovery), width),
  ];
  return [paint.bold("How likely every expert survives"), textTable(columns, rows, paint), ...notes].join("\n");
}

function isShown(failed: number): boolean {
  return failed <= EACH_UP_TO || (failed & (failed - 1)) === 0 || (failed % 3 === 0 && isPowerOfTwo(failed / 3));
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

function cell(failures: Failures, failed: number): string {
  const outcome = failures[failed - 1];
  return outcome === undefined ? "" : `${outcome.interval ? "~" : ""}${percent(outcome.probability, 2)}`;
}

/** How near the best that is, and how that is known. */
function verdict(recovery: Recovery): string {
  const how = `(method: ${methodText(recovery)})`;
  if (!recovery.certified) return `Below the upper bound: a better placement may exist ${how}`;
  return `Certified: no placement ${recovery.bound === "slots" ? "on these slots" : "with these replica counts"} survives more ${how}`;
}

function methodText({ method, samples, seed, backend }: Recovery): string {
  if (samples === undefined || seed === undefined) return method;
  const where = backend ? ` on ${backend.name}, ${backend.adapter}${backend.software ? " (software: no GPU)" : ""}` : "";
  return `${method}, ${grouped(samples)} failure orders with seed ${seed}${where}`;
}

function healthy(probability: number, paint: Paint): (text: string) => string {
  if (probability >= 0.9) return paint.green;
  return probability >= 0.5 ? paint.yellow : paint.red;
}
