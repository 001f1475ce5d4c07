/** README's table for nodes of eight GPUs against what the commands of its walk-through print there, which the README check runs. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const readme = readFileSync("README.md", "utf8");

/** What the walk-through prints for a policy. */
function printed(policy: string) {
  const [, after] = readme.split(`\n--placement ${policy}\n`);
  const text = after!.split(/\n--placement |\n```/)[0]!;
  const balances = (layer: string) => /: ([\d.]+) with even shares, ([\d.]+) at best/.exec(text.split(`${layer} layer`)[1]!)!;
  const nodes = /^survival, .* ([\d.]+) %$/m.exec(text)!;
  return {
    mean: balances("mean"),
    worst: balances("worst"),
    lost: 100 - Number(nodes[1]),
    tolerates: /^always survived.* (\d+)$/m.exec(text)![1],
  };
}

test.each([
  ["`mro`, the paper's", "mro"],
  ["DeepSeek's EPLB", "eplb"],
  ["`balanced`", "balanced"],
  ["`resilient`", "resilient"],
  ["`balanced --shares even`", "balanced --shares even"],
  ["`resilient --shares even`", "resilient --shares even"],
])("the first table's row %s", (name, policy) => {
  const table = readme.slice(readme.indexOf("On nodes of eight GPUs"), readme.indexOf("## Try it"));
  const row = table.split("\n").find((line) => line.startsWith(`| ${name} |`))!;
  const [, mean, worst, shares, lost, always] = /\| ([\d.]+) \/ ([\d.]+) (even|free) \| \**([\d.]+) %\** \| (.*) \|$/.exec(row)!;
  const found = printed(policy);
  const kind = shares === "even" ? 1 : 2;
  expect([mean, worst]).toEqual([found.mean[kind], found.worst[kind]]);
  expect(Math.abs(Number(lost) - found.lost)).toBeLessThan(0.051);
  expect(always).toBe(found.tolerates === "0" ? "nothing" : `any ${found.tolerates} node`);
});
