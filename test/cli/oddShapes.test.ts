/** Shapes that hardly anyone places, as tables: experts in host memory, one expert, certified plans with long words. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

const skewed = "layer,e0,e1,e2,e3\n0,40,30,20,10\n";

test.each(["resilient", "balanced", "mro"])(
  "%s that leaves experts in host memory is a table, with the document's balance",
  async (policy) => {
    const words = ["place", "-n", "2", "-c", "1", "--spill", "cpu", "--placement", policy];
    const [json, table] = [await inProcess(words, skewed), await inProcess([...words, "--format", "table"], skewed)];
    // Loads 40 and 30 are on a GPU each: 40 / 35.
    expect(JSON.parse(json.stdout).balance.optimal).toBeCloseTo(40 / 35, 9);
    expect(table.stdout).toMatch(/^ {4}0 +100 +1\.143 +0 \(40 %\) +1 +0 +1$/m);
    const audit = await inProcess(["place", "--audit", "-", "--format", "table"], json.stdout);
    expect(audit).toMatchObject({ code: 0, stderr: "" });
    expect(audit.stdout).toMatch(/^ {4}0 +100 +1\.143 /m);
  },
);

test("an audit of a certified plan, and of one of the paper's, fits into 80 columns", async () => {
  for (const policy of ["mro", "spread"]) {
    const words = ["place", "-n", "2", "-c", "2", "--placement", policy, "--allocation", "lazarus"];
    const plan = await inProcess(words, "layer,e0,e1\n0,3,0\n");
    const audit = await inProcess(["place", "--audit", "-", "--format", "table"], plan.stdout);
    expect(audit.stdout).toMatch(/How far it is from the best there can be: it is the best;/);
    expect(audit.stdout).toMatch(/^Certified: /m);
    expect(audit.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  }
});

test("compare judges a plan in CSV by the probability of failure that stands there", async () => {
  const words = ["place", "-n", "4", "-c", "3", "--failure-probability", "0.1", "--format"];
  const [json, rows] = [await inProcess([...words, "json"], skewed), await inProcess([...words, "csv"], skewed)];
  const compare = ["compare", "-", "--with", "mro"];
  const [one, other] = [await inProcess(compare, json.stdout), await inProcess(compare, rows.stdout)];
  expect(JSON.parse(other.stdout).failureProbability).toBe(0.1);
  expect(other.stdout).toBe(one.stdout);
});

test("one of anything is in the singular", async () => {
  const { stdout } = await inProcess(["place", "-n", "1", "-c", "1", "--format", "table"], "layer,e0\n0,5\n");
  expect(stdout).toMatch(/^Placement resilient: 1 layer of 1 expert, 1 node of 1 GPU, 1 slot$/m);
});

test("no text that people read has marks of a merge in it", () => {
  for (const file of ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]) {
    expect(readFileSync(`${root}${file}`, "utf8"), file).not.toMatch(/^(<{7} |={7}$|>{7} )/m);
  }
});
