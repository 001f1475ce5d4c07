import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { documentKinds } from "../../src/formats/documents/jsonSchema.ts";
import { type FuzzInput, fuzzInputs, readInput } from "../support/fuzzInputs.ts";
import type { Run } from "../support/lazarus.ts";
import { damages, monsters } from "../support/mutations.ts";

/** `npm run fuzz` says how many it wants. */
const RUNS = process.env["FUZZ_RUNS"] === undefined ? { numRuns: 5 } : {};
/** Places at which an input is cut; `npm run fuzz` cuts at every byte. */
const CUTS = 30;
/** No small input takes that long, even on a machine that does other things. */
const PATIENCE_MS = 10_000;

const { inputs, remove } = await fuzzInputs();
afterAll(remove);
const cases = Object.entries(inputs);

/** A result, or one line that says what is wrong and where. Results are checked by the program itself before it writes them. */
function expectAnswer({ code, stdout, stderr }: Run, bytes: Buffer): void {
  const context = `${JSON.stringify(bytes.toString("latin1").slice(0, 3000))}\n${stderr.slice(0, 2000)}`;
  expect([0, 1, 2, 3], context).toContain(code);
  expect(/^(lazarus: [^\n]{1,1000}\n)*$/.test(stderr), context).toBe(true);
  expect(stderr, context).not.toMatch(/this is a bug|\n {4}at /);
  if (code === 0 || code === 3) expect(stdout, context).not.toBe("");
  else expect(stderr, context).not.toBe("");
  // Of documents one a line, those before the wrong one are there, each whole.
  if (stdout.startsWith("{"))
    for (const line of stdout.trimEnd().split("\n")) expect(documentKinds).toContain(JSON.parse(line).type);
}

async function answer(input: FuzzInput, bytes: Buffer): Promise<Run> {
  const begun = performance.now();
  const run = await readInput(input, bytes);
  expect(performance.now() - begun, JSON.stringify(bytes.toString("latin1").slice(0, 3000))).toBeLessThan(PATIENCE_MS);
  expectAnswer(run, bytes);
  return run;
}

describe.each(cases)("%s", (_, input) => {
  test("is sound", async () => {
    expect(await answer(input, input.sample)).toMatchObject({ code: 0 });
  });

  test.skipIf(input.sameFormat)("cut short", async () => {
    const { sample } = input;
    const whole = isJson(sample) ? sample.toString().trimEnd().length : sample.length;
    // Short inputs at every byte; of long ones some, at every place of a number or a name sooner or later.
    const step = "numRuns" in RUNS ? Math.ceil(sample.length / CUTS) : 1;
    for (let length = 0; length < sample.length; length += step) {
      const { code } = await answer(input, sample.subarray(0, length));
      if (isJson(sample) && length < whole && length > 0) expect(code, `cut to ${length} bytes`).toBe(2);
    }
  });

  test("damaged", async () => {
    await fc.assert(
      fc.asyncProperty(damages, async (damage) => {
        await answer(input, damage(input.sample));
      }),
      RUNS,
    );
  });

  test.each(Object.entries(monsters))("replaced by %s", async (_name, bytes) => {
    await answer(input, bytes);
  });

  afterAll(() => {
    if (input.file !== undefined) writeFileSync(input.file, input.sample);
  });
});

/** One document, which nothing can be cut from. */
function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}
