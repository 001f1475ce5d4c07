/** Damaged input: what an editor, a disk, a bad script or bad will does to a file. */
import fc from "fast-check";

const awkward: readonly unknown[] = [
  null,
  true,
  -1,
  -0,
  0,
  0.5,
  1e15,
  2 ** 53,
  1e308,
  "",
  "__proto__",
  "node0",
  "1",
  "\u0000\u2028",
  [],
  {},
  [[]],
  [[[1]]],
  { type: "placement" },
];

const snippets = [
  "__proto__",
  "constructor",
  "9".repeat(400),
  "-",
  ".",
  "e9",
  "\0",
  "\r",
  "\r\n",
  "\n",
  "\n\n",
  "\ufeff",
  "\u2028",
  '"',
  "'",
  "\\",
  ",",
  "|",
  ":",
  "[",
  "]",
  "[1-99999]",
  "{",
  "}",
  " ",
  "null",
  "NaN",
  "Infinity",
  "é😀",
  '{"__proto__":{"type":"placement"}}',
].map((text) => Buffer.from(text));
const brokenUtf8 = [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0x1f, 0x8b])];

type Edit = (bytes: Buffer) => Buffer;

const place = fc.integer({ min: 0, max: 2 ** 30 });
const range = fc.tuple(place, fc.oneof(fc.nat(8), fc.nat(200)));
const at = (bytes: Buffer, position: number) => position % (bytes.length + 1);

const byteEdits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...snippets, ...brokenUtf8)).map(
    ([position, snippet]): Edit =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, position)), snippet, bytes.subarray(at(bytes, position))]),
  ),
  range.map(
    ([position, length]): Edit =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, position)), bytes.subarray(at(bytes, position) + length)]),
  ),
  range.map(
    ([position, length]): Edit =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, position) + length), bytes.subarray(at(bytes, position))]),
  ),
  fc.tuple(place, fc.nat(255)).map(
    ([position, value]): Edit =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        if (changed.length > 0) changed[position % changed.length] = value;
        return changed;
      },
  ),
  fc.tuple(place, fc.constantFrom("0", "-1", "1.5", "31", "9007199254740993", "1000000000000000", "1e400")).map(
    ([position, number]): Edit =>
      (bytes) => {
        const text = bytes.toString("latin1");
        const numbers = [...text.matchAll(/\d+/g)];
        const chosen = numbers[position % numbers.length];
        if (chosen === undefined) return bytes;
        return Buffer.from(text.slice(0, chosen.index) + number + text.slice(chosen.index + chosen[0].length), "latin1");
      },
  ),
);

/** Every place in a parsed value: the container and the key. */
function places(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== "object" || value === null) return [];
  const container = value as Record<string, unknown>;
  return Object.keys(container).flatMap((key) => [[container, key] as [typeof container, string], ...places(container[key])]);
}

const jsonEdits: fc.Arbitrary<Edit> = fc
  .tuple(place, fc.constantFrom("replace", "remove", "repeat", "rename"), fc.constantFrom(...awkward))
  .map(
    ([position, kind, replacement]): Edit =>
      (bytes) => {
        const lines = bytes.toString().split("\n");
        const line = position % lines.length;
        let value: unknown;
        try {
          value = JSON.parse(lines[line] as string);
        } catch {
          return bytes;
        }
        const found = places(value);
        const [container, key] = found[position % Math.max(1, found.length)] ?? [{}, ""];
        if (kind === "replace") container[key] = replacement;
        else if (kind === "repeat" && Array.isArray(container)) container.splice(Number(key), 0, container[key as never]);
        else if (kind === "remove" && Array.isArray(container)) container.splice(Number(key), 1);
        else if (kind === "remove") delete container[key];
        else {
          Object.defineProperty(container, "__proto__", { value: container[key], enumerable: true });
          delete container[key];
        }
        lines[line] = JSON.stringify(value) ?? "null";
        return Buffer.from(lines.join("\n"));
      },
  );

/** One to three edits. */
export const damages: fc.Arbitrary<Edit> = fc.array(fc.oneof(byteEdits, jsonEdits), { minLength: 1, maxLength: 3 }).map(
  (edits): Edit =>
    (bytes) =>
      edits.reduce((changed, edit) => edit(changed), bytes),
);

/** Whole inputs that are wrong whatever they are given for. */
export const monsters: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.from(""),
  blanks: Buffer.from(" \n\r\n\t ".repeat(50_000)),
  "a deep list": Buffer.from("[".repeat(100_000) + "]".repeat(100_000)),
  "a deep object": Buffer.from(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
  "a deep message": Buffer.from(`{"Message":${JSON.stringify('{"Message":"[]"}')}}`),
  "a long line": Buffer.alloc(process.env["FUZZ_RUNS"] === undefined ? 1 << 18 : 32 << 20, "1"),
  "a number of a million digits": Buffer.from(`[[${"9".repeat(1_000_000)}]]`),
  "a long line of commas": Buffer.alloc(1 << 17, ","),
  "NUL bytes": Buffer.alloc(1 << 16),
  "carriage returns": Buffer.alloc(1 << 16, "\r"),
  "no UTF-8": Buffer.alloc(1 << 16, 0xff),
  "a prototype": Buffer.from('{"__proto__":{"type":"placement"},"constructor":1}'),
};
