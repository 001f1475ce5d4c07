/** How many experts there are, where records list only those that got tokens. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const GUESS = /taken to have (\d+) experts?, for the largest id is \d+; .*profile-load (--experts) N/;

async function read(input: string, ...words: string[]) {
  const { code, stdout, stderr } = await inProcess(["profile-load", ...words], input);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  return { profile: JSON.parse(stdout), stderr };
}

describe("the number of experts that the largest id seen says", () => {
  const records = (ids: number[][]) => `${JSON.stringify({ step: 1, layer: 0, rank: 0, top_indices: ids })}\n`;
  test.each([
    ["long CSV", "iteration,layer,expert,tokens\n0,0,0,4\n0,0,2,3\n"],
    ["a later step with more", "iteration,layer,expert,tokens\n0,0,0,4\n0,0,1,3\n1,0,0,4\n1,0,1,4\n1,0,2,9\n"],
    ["tokens CSV", "iteration,layer,token,expert\n0,0,0,0\n0,0,1,2\n"],
    [
      "megatron",
      records([
        [0, 2],
        [2, 0],
      ]),
    ],
    ["mindspeed", '{"0":{"0":7,"2":8}}'],
  ])("%s: a note says so, and its remedy leads on without one", async (_, input) => {
    const { profile, stderr } = await read(input);
    expect(profile.experts).toBe(3);
    expect(GUESS.exec(stderr)?.[1]).toBe("3");
    expect(stderr.trim().split("\n")).toHaveLength(1);
    const said = await read(input, GUESS.exec(stderr)![2]!, "5");
    expect(said).toMatchObject({ profile: { experts: 5 }, stderr: "" });
    expect(said.profile.layers[0].loads.slice(3)).toEqual([0, 0]);
  });

  test.each([
    ["long CSV with every expert in every layer", "iteration,layer,expert,tokens\n0,0,0,4\n0,0,1,3\n0,1,1,4\n0,1,0,3\n"],
    ["by rank", "iteration,layer,rank,expert,tokens\n0,0,0,0,4\n0,0,0,1,3\n0,0,1,0,4\n0,0,1,1,3\n"],
    ["wide CSV", "iteration,layer,e0,e1\n0,0,0,1\n"],
    ["mindspeed with an idle expert", '{"0":{"0":7,"1":0}}'],
    ["a matrix", "[[1,0,2]]"],
    ["SGLang's counts", '{"logical_count":[[1,0,2]]}'],
  ])("%s: is no guess", async (_, input) => {
    expect((await read(input)).stderr).toBe("");
  });

  test("place and others that read logs say so, too", async () => {
    const log = "layer,expert,tokens\n0,0,4\n0,2,3\n";
    const { stderr } = await inProcess(["place", "-n", "2", "-c", "3", "--placement", "spread"], log);
    expect(stderr).toMatch(GUESS);
  });

  test("a long log is complete exactly where no row can be taken away unseen", async () => {
    const shape = fc.record({
      steps: fc.integer({ min: 1, max: 3 }),
      layers: fc.integer({ min: 1, max: 2 }),
      experts: fc.integer({ min: 2, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, fc.nat(100), fc.boolean(), async ({ steps, layers, experts }, drawn, takes) => {
        const rows = [];
        for (let step = 0; step < steps; step++)
          for (let layer = 0; layer < layers; layer++)
            for (let e = 0; e < experts; e++) rows.push(`${step},${layer},${e},${e + 2}`);
        if (takes && rows.length - 1 >= experts) rows.splice(drawn % rows.length, 1);
        const { stderr, profile } = await read(`iteration,layer,expert,tokens\n${rows.join("\n")}\n`);
        const whole = rows.length === steps * layers * profile.experts;
        expect(GUESS.test(stderr)).toBe(!whole);
      }),
      { numRuns: 60 },
    );
  });
});
