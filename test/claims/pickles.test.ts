/** Pickles that say little again and again: their readers neither hang nor fill memory. */
import { expect, test } from "vitest";
import { pickle, torchSaved } from "../support/arrayFiles.ts";
import { inProcess } from "../support/inProcess.ts";

const { tensor, text } = pickle;
const numbers = { 0: Buffer.from(new BigInt64Array([1n, 2n, 3n, 4n]).buffer) };
const read = (value: Buffer, deflate = false) => inProcess(["profile-load"], torchSaved(value, numbers, { deflate }));
/** Remembers the top of the stack, and pushes what is remembered, in these slots. */
const put = (slot: number) => Buffer.from([0x71, slot]);
const get = (slot: number) => Buffer.from([0x68, slot]);

test("a key of lists within lists, each twice, is not spelt out", async () => {
  const doubled = Array.from({ length: 60 }, (_, i) => Buffer.concat([get(i), get(i), Buffer.from([0x86]), put(i + 1)]));
  const key = Buffer.concat([text("x"), put(0), ...doubled]);
  const { code, stderr } = await read(Buffer.concat([key, Buffer.from("}"), get(60), Buffer.from("Ns")]));
  expect(code).toBe(2);
  expect(stderr).toMatch(/its keys are "\.\.\."; expected SGLang's/);
});

test("a tensor that is there very often is refused, packed or not; a few times is fine", async () => {
  const first = Buffer.concat([tensor("0", "LongStorage", 4, [2, 2], [2, 1]), put(9)]);
  const times = (count: number) =>
    Buffer.concat([Buffer.from("]("), first, ...new Array<Buffer>(count - 1).fill(get(9)), Buffer.from("e")]);
  expect((await read(times(10))).code).toBe(0);
  for (const packed of [false, true]) {
    const { code, stderr } = await read(times(100_000), packed);
    expect(code).toBe(2);
    expect(stderr).toMatch(/tensor \[\d+\] shares its numbers with many others in the file; save each tensor's \.clone\(\)/);
  }
});

test("what is remembered and used again counts", async () => {
  const uses = Buffer.concat([Buffer.from("("), ...new Array<Buffer>(1000).fill(get(0)), Buffer.from("e")]);
  const value = Buffer.concat([Buffer.from("N"), put(0), Buffer.from("]"), ...new Array<Buffer>(2000).fill(uses)]);
  const { code, stderr } = await read(value, true);
  expect(code).toBe(2);
  expect(stderr).toMatch(/holds more than 2000000 lists/);
});
