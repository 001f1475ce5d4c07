/** Whether a placement is safe and even, in two sentences, before all details. */
import { FAILURE_UNITS, type FailureUnit, type PlacementPolicyName, sharesOf, unitName } from "../core/placement/policy.ts";
import { isAlive, type PlacementDocument } from "../formats/documents/placement.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { fixed, grouped, percent } from "./table.ts";

type Recovery = NonNullable<PlacementDocument["recovery"]>;
type Level = Pick<Recovery, "failures" | "tolerates" | "survival" | "survivalInterval">;

/** A sentence on failures and one on balance; that of which the policy takes care comes first. */
export function placementVerdict(document: PlacementDocument, paint: Paint, width: number): string {
  const { recovery, balance } = document;
  const safe = recovery === undefined ? [] : safety(recovery, document.nodes.filter(isAlive).length, paint, width);
  const even = balance === undefined ? [] : [evenness(document, balance, paint, width)];
  const sentences = isForBalance(document) ? [...even, ...safe] : [...safe, ...even];
  return sentences.join("\n");
}

/** Whether a policy is after balance and leaves survival to chance. */
export function isForBalance({ policy: { placement } }: Pick<PlacementDocument, "policy">): boolean {
  return placement === "eplb" || placement === "balanced";
}

/** How tokens are shared among replicas under a placement. */
export function countsOnShares({ policy, cost }: PlacementDocument): "even" | "free" {
  return cost?.shares ?? sharesOf({ placement: policy.placement as PlacementPolicyName, shares: policy.shares });
}

const INDENT = "      ";

function safety(recovery: Recovery, nodes: number, paint: Paint, width: number): string[] {
  const { tolerates, failureProbability, byUnit = {} } = recovery;
  const others = FAILURE_UNITS.flatMap((unit) => {
    const level = byUnit[unit];
    if (unit === "node" || level === undefined) return [];
    return [wrapped(`${INDENT}${survivalSentence(level, level.count, unit, failureProbability)}`, width, INDENT)];
  });
  const text = survivalSentence(recovery, nodes, "node", failureProbability);
  const first = tolerates > 0 ? headed("Safe:", text, paint.green, width) : headed("Not safe:", text, paint.red, width);
  return [first, ...others];
}

/** A sentence after a word in colour, which wrapping must not count. */
function headed(head: string, text: string, color: (text: string) => string, width: number): string {
  return color(head) + wrapped(`${head} ${text}`, width, INDENT).slice(head.length);
}

function survivalSentence(level: Level, count: number, unit: FailureUnit, failureProbability: number | undefined): string {
  const { tolerates, failures, survival, survivalInterval } = level;
  const name = unitName(unit);
  const all = grouped(count);
  const outcome = failures[tolerates];
  const head = tolerates > 0 ? [`any ${tolerates === 1 ? "one" : tolerates} of ${all} ${name}s may fail`] : [];
  const failed =
    tolerates > 0
      ? `with ${tolerates + 1} failed`
      : count === 1
        ? `with the ${name} failed`
        : `with one of ${all} ${name}s failed`;
  const cases = (probability: number, about: unknown) => `${about ? "about " : ""}${percent(probability, 2)}`;
  const next =
    outcome === undefined ? [] : [`${failed}, every expert survives in ${cases(outcome.probability, outcome.interval)} of cases`];
  const chance =
    survival === undefined || failureProbability === undefined
      ? []
      : [`in ${cases(survival, survivalInterval)} when each fails with ${percent(failureProbability, 1)}`];
  return [...head, ...next, ...chance].join("; ");
}

function evenness(
  document: PlacementDocument,
  balance: NonNullable<PlacementDocument["balance"]>,
  paint: Paint,
  width: number,
): string {
  const shares = countsOnShares(document);
  const several = document.layers.length > 1;
  const [worst, mean] = shares === "even" ? [balance.even, balance.evenMean] : [balance.optimal, balance.optimalMean];
  const layer = balance.worst?.[shares === "even" ? "even" : "optimal"];
  const where = several ? ` in the worst layer${layer === undefined ? "" : ` (${layer})`}` : "";
  const inMean = several && mean !== undefined ? `, ${fixed(mean, 3)} in the mean layer` : "";
  return headed(
    "Even:",
    `the busiest GPU has ${fixed(worst, 3)} times the mean${where}${inMean}, with ${shares} shares`,
    paint.bold,
    width,
  );
}
