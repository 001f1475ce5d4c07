/** How a text begins: its first line tells CSV from other text, and one table from another. */
import type { Input } from "../io/input.ts";

/** Longer than any header that matters here. */
const MOST_BYTES = 1 << 16;
const LINE_FEED = 10;

/** Looks at the first characters of an input that is open. @returns them, and the input, still whole */
export async function firstCharacters(
  { name, chunks, extent }: Input,
  count: number,
): Promise<{ readonly text: string; readonly input: Input }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < count) {
    const next = await iterator.next();
    if (next.done) break;
    seen.push(next.value.slice());
    length += next.value.length;
  }
  const whole = (async function* () {
    yield* seen;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  return { text: Buffer.concat(seen).subarray(0, count).toString(), input: { name, chunks: whole, extent } };
}

/** Looks at the first line of an input that is open. @returns the line (its beginning, if it is long), and the input, still whole */
export async function firstLine({ name, chunks, extent }: Input): Promise<{ readonly line: string; readonly input: Input }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < MOST_BYTES && !seen.at(-1)?.includes(LINE_FEED)) {
    const next = await iterator.next();
    if (next.done) break;
    // Whoever owns the chunk may overwrite it when the next is asked for.
    seen.push(next.value.slice());
    length += next.value.length;
  }
  const whole = (async function* () {
    yield* seen;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  const [line = ""] = Buffer.concat(seen).subarray(0, MOST_BYTES).toString().split("\n", 1);
  return { line: line.replace(/^\ufeff/, "").replace(/\r$/, ""), input: { name, chunks: whole, extent } };
}
