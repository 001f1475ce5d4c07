/** How a text begins: its first line tells CSV from other text, and one table from another. */
import { type Input, resumed } from "../io/input.ts";

/** Longer than any header that matters here. */
const MOST_BYTES = 1 << 16;
const LINE_FEED = 10;

/** Looks at the first characters of an input that is open. @returns them, and the input, still whole */
export async function firstCharacters(input: Input, count: number): Promise<{ readonly text: string; readonly input: Input }> {
  const begun = await beginning(input, (length) => length >= count);
  return { text: begun.bytes.subarray(0, count).toString(), input: begun.input };
}

/** Looks at the first line of an input that is open. @returns the line (its beginning, if it is long), and the input, still whole */
export async function firstLine(input: Input): Promise<{ readonly line: string; readonly input: Input }> {
  const begun = await beginning(input, (length, last) => length >= MOST_BYTES || last.includes(LINE_FEED));
  const [line = ""] = begun.bytes.subarray(0, MOST_BYTES).toString().split("\n", 1);
  return { line: line.replace(/^\ufeff/, "").replace(/\r$/, ""), input: begun.input };
}

/** Reads chunks until they are enough. @returns their bytes, and the input, still whole */
async function beginning(
  { name, chunks, extent }: Input,
  isEnough: (length: number, last: Uint8Array) => boolean,
): Promise<{ readonly bytes: Buffer; readonly input: Input }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  do {
    const next = await iterator.next();
    if (next.done) break;
    // Whoever owns the chunk may overwrite it when the next is asked for.
    seen.push(next.value.slice());
    length += next.value.length;
  } while (!isEnough(length, seen.at(-1)!));
  return { bytes: Buffer.concat(seen), input: { name, chunks: resumed(seen, iterator), extent } };
}
