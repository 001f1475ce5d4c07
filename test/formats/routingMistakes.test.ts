import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { readRoutingSteps } from "../../src/formats/routing/readRoutingSteps.ts";
import type { RoutingOptions } from "../../src/formats/routing/stepReader.ts";
import { readSteps } from "../support/routingLog.ts";

async function complaint(log: string | Uint8Array, options: Partial<RoutingOptions> = {}): Promise<string> {
  const error = await readSteps(log, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  const { location, message } = error as InputError;
  expect(message).toMatch(/^[^\n\r]{20,400}$/);
  return `${location}: ${message}`;
}

const long = "iteration,layer,expert,tokens\n1,0,0,5\n";
const ranked = "iteration,layer,rank,expert,tokens\n1,0,0,0,5\n";

describe("a mistake is told with its line, what was expected and what to do", () => {
  test.each([
    ["a short row", `${long}1,0,5\n`, /^log\.csv:3: row of 3 fields; expected 4/],
    ["a long row", `${long}1,0,1,5,5\n`, /:3: row of 5 fields; expected 4/],
    ["a word", `${long}1,0,1,five\n`, /:3: tokens is "five"; expected a whole number/],
    ["a negative count", `${long}1,0,1,-5\n`, /:3: tokens is negative \("-5"\)/],
    ["a fraction", `${long}1,0,1,5.5\n`, /:3: tokens is fractional \("5.5"\)/],
    ["an exponent", `${long}1,0,1,1e-3\n`, /:3: tokens is "1e-3"/],
    ["2^53", `${long}1,0,1,9007199254740992\n`, /:3: tokens is "9007199254740992"; expected a whole number below 2\^53/],
    [
      "a million digits",
      `${long}1,0,1,${"9".repeat(1_000_000)}\n`,
      /:3: tokens is "9{40}…"; expected a whole number below 2\^53/,
    ],
    ["an empty field", `${long}1,,1,5\n`, /:3: layer is empty/],
    ["a blank before a number", `${long}1,0, 1,5\n`, /:3: expert is " 1" with blanks/],
    ["a blank in a number", `${long}1,0,1,5 5\n`, /:3: tokens is "5 5"/],
    ["a quote in a number", `${long}1,0,1,5"5\n`, /:3:7: misplaced quote/],
    ["an open quote", `${long}1,0,1,"5\n`, /:3:7: misplaced quote/],
    ["a NUL byte", `${long}1,0,1,5\0\n`, /:3:8: NUL byte/],
    ["a lone carriage return", `${long}1,0,1,5\r1,0,2,5\n`, /:3:8: lone carriage return/],
    ["a carriage return at the end", `${long}1,0,1,5\r`, /:3:8: lone carriage return/],
    ["carriage returns only", long.replaceAll("\n", "\r"), /:1:30: lone carriage return.*tr/],
    ["a blank line between rows", `${long}\n1,0,1,5\n`, /:3: blank line/],
    ["a blank line of blanks", `${long} \n`, /:3: row of 1 field;/],
    ["an expert twice", `${long}1,0,1,5\n1,0,0,5\n`, /:4: layer 0, expert 0 has a second row/],
    ["a rank's expert twice", `${ranked}1,0,1,0,5\n1,0,0,0,5\n`, /:4: layer 0, rank 0, expert 0 has a second row/],
    ["a wide row twice", "iteration,layer,e0\n1,0,5\n1,0,6\n", /:3: layer 0, expert 0 has a second row/],
    ["a token twice", "iteration,layer,token,expert\n1,0,7,3\n1,0,7,3\n", /:3: token 7 goes to layer 0, expert 3 twice/],
    [
      "a token twice while experts turn up",
      "iteration,layer,token,expert\n1,0,7,3\n1,0,7,9\n1,0,7,3\n",
      /:4: token 7 goes to layer 0, expert 3 twice/,
    ],
    ["tokens that fall", "iteration,layer,token,expert\n1,0,7,3\n1,0,6,3\n", /:3: token 6 comes after token 7.*sort/],
    ["iterations that fall", `${long}3,0,0,5\n2,0,0,5\n`, /:4: iteration 2 comes after iteration 3.*sort -s -t, -k1,1n/],
    ["iterations that fall, elsewhere", "e0,layer,iteration\n1,0,3\n1,0,2\n", /:3: .*sort -s -t, -k3,3n/],
    ["too large a sum", `${long}1,0,1,9007199254740987\n`, /:3: the tokens of layer 0 sum to 2\^53 or more/],
    ["too large a layer", `${long}1,65536,1,5\n`, /:3: layer is 65536; expected a number below 65536/],
    ["too large a rank", `${ranked}1,0,1048576,1,5\n`, /:3: rank is 1048576; expected a number below 1048576/],
    ["too large an expert", `${long}1,0,65536,5\n`, /:3: expert is 65536; expected a number below 65536/],
    ["too large a table", `${ranked}1,0,1048575,65535,5\n`, /:3: .*too many counts/],
    ["no columns", "\n1,0,0,5\n", /:1: this is no header/],
    ["no header", "1,0,0,5\n1,0,1,5\n", /:1: this is no header of a routing log, found "1,0,0,5"/],
    ["a missing column", "iteration,layer,expert\n1,0,0\n", /:1: this is no header/],
    ["a missing layer", "iteration,expert,tokens\n1,0,0\n", /:1: column "layer" is missing/],
    ["a column twice", "iteration,layer,expert,expert,tokens\n1,0,0,0,5\n", /:1: columns 3 and 4 are both named "expert"/],
    ["another column", "time,iteration,layer,expert,loss,tokens\n", /:1: columns "time", "loss" .*cut -d, -f2-4,6$/],
    ["a prototype's column", "iteration,layer,expert,tokens,__proto__\n", /:1: column "__proto__" is not part of a long log/],
    ["a gap in the experts", "iteration,layer,e0,e2\n1,0,0,5\n", /:1: column "e1" is missing although there is e2/],
    ["experts from 1", "iteration,layer,e1,e2\n1,0,0,5\n", /:1: column "e0" is missing/],
    ["semicolons", "iteration;layer;expert;tokens\n", /:1: .*tr ';' ','/],
    ["tabs", "iteration\tlayer\texpert\ttokens\n", /:1: .*tr '\\t' ','/],
    ["nothing", "", /:1: empty input/],
    ["a header only", "iteration,layer,expert,tokens\n", /:1: no rows after the header/],
    ["gzip", gzipSync(long), /:1: gzip data/],
    ["UTF-16", Buffer.from(`\ufeff${long}`, "utf16le"), /:1: not UTF-8.*iconv/],
    ["a JSON object", '{"type":"load-profile"}', /:1: a JSON object/],
    ["an empty matrix", "[]", /:1:2: "]"; expected "\["/],
    ["an empty row", "[[]]", /:1:3: "]"; expected a number/],
    ["a ragged matrix", "[[1,2],\n [3]]", /:2:2: row of 1 experts; expected 2/],
    ["steps of unlike experts", "[[[1,2]],[[3]]]", /:1:11: row of 1 experts; expected 2/],
    ["a word in a matrix", "[[1,\n null]]", /:2:2: "null"; expected a whole number/],
    ["a matrix cut short", "[[1,2],", /:1:8: end of input; expected "\["/],
    ["more after a matrix", "[[1]]\n[[2]]", /:2:1: "\["; expected the end/],
    ["a deep array", "[".repeat(100_000), /:1:4: "\["; expected a number/],
    ["too large a matrix sum", "[[9007199254740991,1]]", /:1:20: the layer's tokens sum to 2\^53/],
  ])("%s", async (_, log, message) => {
    expect(await complaint(log)).toMatch(message);
  });

  test("layers may lie anywhere within bounds without taking room for those between", async () => {
    const steps = await readSteps("iteration,layer,rank,expert,tokens\n1,65535,0,0,5\n1,0,1048575,0,6\n");
    expect(steps[0]?.layers).toEqual([
      { layer: 0, loads: [6] },
      { layer: 65535, loads: [5] },
    ]);
  });

  test("a format that the user names is what counts", async () => {
    expect(await complaint(long, { format: "wide" })).toMatch(/:1: column "e0" is missing/);
    expect(await complaint(long, { format: "matrix" })).toMatch(/:1:1: "i"; expected "\["/);
    expect(await complaint("[[1]]", { format: "long" })).toMatch(/:1: column "layer" is missing/);
  });

  test("ranks that are asked for must be there", async () => {
    expect(await complaint(long, { byRank: true })).toMatch(/:1: no column "rank"/);
    expect(await complaint("[[1]]", { byRank: true })).toMatch(/a matrix has no ranks/);
  });

  test.each([0, 65_537, 1.5, Number.NaN])("%d experts are out of range", async (experts) => {
    await expect(readSteps(long, { experts })).rejects.toThrow(RangeError);
  });

  test.each([
    ["header", ""],
    ["row", long],
  ])("an endless %s is given up at 16 MiB", async (_, start) => {
    let megabytes = 0;
    async function* endless() {
      yield Buffer.from(start);
      const chunk = Buffer.alloc(1 << 20, "1");
      for (; megabytes < 1024; megabytes++) yield chunk;
    }
    const reading = readRoutingSteps(endless(), { file: "log.csv" }).next();
    await expect(reading).rejects.toThrow(`line of more than ${16 << 20} bytes`);
    await expect(reading).rejects.toHaveProperty("location", `log.csv:${start === "" ? 1 : 3}`);
    expect(megabytes).toBeLessThan(18);
  });
});
