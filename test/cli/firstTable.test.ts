/** README's table for nodes of eight GPUs against what the comparison in its walk-through prints, which walkThroughs.test.ts runs. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const readme = readFileSync("README.md", "utf8");
const plans = ["plan.json", "free.json", "eplb", "balanced"];

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

test("the first table's row `mro`, the paper's", async () => {
  const words = "place fixtures/serving.csv -q -n 16 --gpus 8 -c 40 --placement mro --shares even";
  const { balance, recovery } = JSON.parse((await inProcess(words.split(" "))).stdout);
  const lost = 100 * (1 - recovery.survival);
  expect(readme).toContain(
    `| \`mro\`, the paper's | ${balance.evenMean.toFixed(3)} / ${balance.even.toFixed(3)} even | ${lost.toFixed(1)} % | any 1 node |`,
  );
});
