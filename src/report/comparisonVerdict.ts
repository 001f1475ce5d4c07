/** What a comparison comes to, in a sentence for each plan beside the first. */
import type { ComparedPlan, ComparisonDocument } from "../formats/documents/comparison.ts";

/** A sentence for each plan that the first is compared with. */
export function comparisonVerdict({ plans, shares }: ComparisonDocument): string[] {
  const [first, ...others] = plans;
  return others.map((other) => {
    const [lost, name] = [survivedText(first!, other), first!.name];
    return `${name} ${speedText(first!, other, shares)} ${other.name}${lost}.`;
  });
}

/** Differences below this are none that anybody sees. */
const LEAST_PERCENT = 0.05;

function speedText(one: ComparedPlan, other: ComparedPlan, shares: ComparisonDocument["shares"]): string {
  const [what, slower, faster, figure] =
    one.stepSeconds !== undefined && other.stepSeconds !== undefined
      ? (["in a step", "slower", "faster", (plan: ComparedPlan) => plan.stepSeconds!] as const)
      : one.steps !== undefined && other.steps !== undefined
        ? (["in the median iteration", "less even", "more even", (plan: ComparedPlan) => plan.steps!.p50] as const)
        : ([
            "on the mean layer",
            "less even",
            "more even",
            ({ balance }: ComparedPlan) => (shares === "even" ? balance.evenMean : balance.optimalMean),
          ] as const);
  const percent = (figure(one) / figure(other) - 1) * 100;
  if (Math.abs(percent) < LEAST_PERCENT) return `is as ${slower === "slower" ? "fast" : "even"} ${what} as`;
  return `is ${Math.abs(percent).toFixed(1)} % ${percent > 0 ? slower : faster} ${what} than`;
}

function survivedText(one: ComparedPlan, other: ComparedPlan): string {
  const survives = ({ tolerates, nodes }: ComparedPlan) =>
    tolerates === 0 ? "none for sure" : `any ${tolerates === 1 ? "one" : tolerates} of ${nodes} nodes`;
  if (one.tolerates !== other.tolerates) return ` and survives ${survives(one)}, ${other.name} ${survives(other)}`;
  const both = one.tolerates === 0 ? "neither survives every single node" : `both survive ${survives(one)}`;
  return `; ${both}`;
}
