/** README's table for nodes of eight GPUs against what the comparison in its walk-through prints, which walkThroughs.test.ts runs. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const readme = readFileSync("README.md", "utf8");
const plans = ["plan.json", "free.json", "eplb", "balanced", "mro"];

/** Figures of a row of the comparison, a plan each. */
function printed(head: string, after: string): string[] {
  const text = readme.slice(readme.indexOf("$ lazarus compare plan.json free.json"));
  const from = text.indexOf(`\n${after}`);
  return [
    ...text
      .slice(text.indexOf(`\n${head}`, from) + 1 + head.length)
      .split("\n")[0]!
      .matchAll(/[\d.]+/g),
  ].map(([figure]) => figure);
}

test.each([
  ["`mro`, the paper's", "mro"],
  ["DeepSeek's EPLB", "eplb"],
  ["`balanced --shares even`", "balanced"],
  ["`resilient --shares even`", "plan.json"],
  ["`resilient --shares free`", "free.json"],
])("the first table's row %s", (name, plan) => {
  const table = readme.slice(readme.indexOf("On nodes of eight GPUs"), readme.indexOf("## Try it"));
  const row = table.split("\n").find((line) => line.startsWith(`| ${name} |`))!;
  const [, mean, worst, shares, lost, always] = /\| ([\d.]+) \/ ([\d.]+) (even|free) \| \**([\d.]+) %\** \| (.*) \|$/.exec(row)!;
  const at = plans.indexOf(plan);
  const heading = `busiest GPU, ${shares} shares`;
  expect(Number(mean)).toBeCloseTo(Number(printed(heading, "")[at]), 2.9);
  expect(Number(worst)).toBeCloseTo(Number(printed("  worst layer", heading)[at]), 2.9);
  expect(Math.abs(Number(lost) - (100 - Number(printed("survival, nodes", "")[at])))).toBeLessThan(0.051);
  expect(always).toBe(Number(printed("  1 failed", "survival, nodes")[at]) === 100 ? "any 1 node" : "nothing");
});
