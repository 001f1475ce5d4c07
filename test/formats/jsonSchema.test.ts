import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { fromJSONSchema } from "zod";
import { documentKinds, jsonSchema } from "../../src/formats/documents/jsonSchema.ts";
import { inProcess } from "../support/inProcess.ts";

const matrix = "[[5,9,2],[1,1,8]]";
const run = async (words: string, input: string) => (await inProcess([...words.split(" "), "-q"], input)).stdout;
const place = "place -n 3 -c 3 --effort fast";

/** A document of every kind that commands write. */
async function documents(): Promise<Record<string, unknown>> {
  const profile = await run("profile-load", matrix);
  const placement = await run(`${place} --explain --model gpt-s --hardware rtx3090 --mtbf 5m`, profile);
  const made = {
    "load-profile": profile,
    placement,
    "dispatch-plan": await run("dispatch-plan --shuffle", placement),
    "dispatch-weights": await run("dispatch-plan --weights", placement),
    "recovery-plan": await run("recover --failed node0", placement),
    comparison: await run("compare --with eplb --model gpt-s --hardware rtx3090 --format json", placement),
    simulation: await run("simulate --model gpt-s -n 4 --systems lazarus --load-spread 1 --duration 2m --format json", ""),
    bench: await run("bench --kernels histogram --backend js --sizes tokens=64 --format json", ""),
  };
  return Object.fromEntries(Object.entries(made).map(([kind, text]) => [kind, JSON.parse(text)]));
}

describe("JSON Schemas", async () => {
  const made = await documents();
  const accepts = (kind: (typeof documentKinds)[number], value: unknown) => {
    const schema = JSON.parse(JSON.stringify(jsonSchema(kind)));
    return fromJSONSchema(schema).safeParse(value).success;
  };

  test.each(Object.keys(made))("%s is as its schema says", (kind) => {
    expect(accepts(kind as (typeof documentKinds)[number], made[kind])).toBe(true);
  });

  test.each(documentKinds)("that of %s compiles under Ajv's strict mode, which accepts what we do", (kind) => {
    const validate = new Ajv2020({ strict: true }).compile(jsonSchema(kind));
    const documents = Object.entries(made).map(([other, value]) => [other, validate(value)]);
    expect(documents).toEqual(Object.keys(made).map((other) => [other, other === kind]));
  });

  test.each(documentKinds)("that of %s refuses other documents, and documents without a field", (kind) => {
    for (const [other, value] of Object.entries(made)) if (other !== kind) expect(accepts(kind, value)).toBe(false);
    const { type: _, ...untyped } = (made[kind] ?? {}) as Record<string, unknown>;
    expect(accepts(kind, untyped)).toBe(false);
  });
});
