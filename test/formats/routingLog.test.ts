import { createReadStream, readFileSync } from "node:fs";
import { createGunzip, gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { readRoutingSteps } from "../../src/formats/routing/readRoutingSteps.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";
import { oracleSteps, plain, readSteps, routingLogs } from "../support/routingLog.ts";

const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });

/** Steps, or the error's place and message. */
async function outcome(log: string | Uint8Array, byRank: boolean, sizes: readonly number[]) {
  try {
    return await readSteps(log, { byRank }, sizes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `${error.location}: ${error.message}`;
  }
}

describe("against csv-parse", () => {
  test("well-formed logs give the same steps, whatever the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(routingLogs, chunkSizes, fc.boolean(), async (log, sizes, byRank) => {
        const expected = oracleSteps(log, byRank);
        expect(expected !== undefined || (byRank && !log.includes("rank"))).toBe(true);
        const found = await outcome(log, byRank, sizes);
        if (expected === undefined) expect(found).toMatch(/^log.csv:1: no column "rank"/);
        else expect(found).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    removed: fc.constantFrom(0, 0, 1, 1, 2, 9),
    inserted: fc.oneof(
      fc.constantFrom(..."0123456789"),
      fc.constantFrom(...',,\n\r""-+. eE\0\u00a0\ufeff', "\r\n", "9".repeat(20), "0,", ",1", "\n\n", '"7"', "__proto__"),
    ),
  });

  test("damaged logs are refused with a line, or read alike", async () => {
    let refused = 0;
    let read = 0;
    await fc.assert(
      fc.asyncProperty(
        routingLogs,
        fc.array(damage, { minLength: 0, maxLength: 2 }),
        fc.boolean(),
        chunkSizes,
        async (log, damages, byRank, sizes) => {
          for (const { at, removed, inserted } of damages) {
            const position = Math.floor(at * log.length);
            log = log.slice(0, position) + inserted + log.slice(position + removed);
          }
          const expected = oracleSteps(log, byRank);
          const found = await outcome(log, byRank, sizes);
          if (expected === undefined) {
            expect(found).toMatch(/^log\.csv:\d+(:\d+)?: [^\n]+$/);
            refused++;
          } else {
            expect(found).toEqual(expected);
            read++;
          }
        },
      ),
      process.env["FUZZ_RUNS"] === undefined ? { numRuns: 500 } : {},
    );
    expect(Math.min(refused, read)).toBeGreaterThan(100);
  });

  test("a log cut at any byte", async () => {
    const log = "iteration,layer,expert,tokens\r\n1,0,0,5\r\n1,0,1,17\r\n2,0,0,3\r\n";
    for (let length = 0; length <= log.length; length++) {
      const cut = log.slice(0, length);
      const expected = oracleSteps(cut, false);
      const found = await outcome(cut, false, [7]);
      if (expected === undefined) expect(found).toMatch(/^log\.csv:\d+(:\d+)?: /);
      else expect(found).toEqual(expected);
    }
  });

  test("the same complaint whatever the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(routingLogs, damage, chunkSizes, async (log, { at, removed, inserted }, sizes) => {
        const position = Math.floor(at * log.length);
        const damaged = log.slice(0, position) + inserted + log.slice(position + removed);
        expect(await outcome(damaged, false, sizes)).toEqual(await outcome(damaged, false, [1 << 20]));
      }),
      { numRuns: 150 },
    );
  });
});

describe("formats", () => {
  test("wide, columns in any order", async () => {
    const steps = await readSteps("e1,layer,e0,iteration\n5,3,4,9\n7,1,6,9\n");
    expect(steps).toEqual([
      {
        iteration: 9,
        experts: 2,
        ranks: 0,
        layers: [
          { layer: 1, loads: [6, 7] },
          { layer: 3, loads: [4, 5] },
        ],
      },
    ]);
  });

  test("long: absent experts and ranks have no tokens", async () => {
    const log = "iteration,layer,rank,expert,tokens\n1,0,1,2,5\n1,0,0,0,4\n2,0,0,1,3\n";
    expect(await readSteps(log, { byRank: true })).toEqual([
      {
        iteration: 1,
        experts: 3,
        ranks: 2,
        layers: [
          {
            layer: 0,
            loads: [4, 0, 5],
            byRank: [
              [4, 0, 0],
              [0, 0, 5],
            ],
          },
        ],
      },
      {
        iteration: 2,
        experts: 3,
        ranks: 2,
        layers: [
          {
            layer: 0,
            loads: [0, 3, 0],
            byRank: [
              [0, 3, 0],
              [0, 0, 0],
            ],
          },
        ],
      },
    ]);
    expect((await readSteps(log)).map(({ layers }) => layers[0])).toEqual([
      { layer: 0, loads: [4, 0, 5] },
      { layer: 0, loads: [0, 3, 0] },
    ]);
  });

  test("tokens: one row for each expert of a token", async () => {
    const log = "iteration,layer,rank,token,expert\n1,0,0,0,1\n1,0,0,0,3\n1,0,0,1,3\n1,0,1,0,3\n";
    expect((await readSteps(log, { byRank: true }))[0]?.layers[0]).toEqual({
      layer: 0,
      loads: [0, 1, 0, 3],
      byRank: [
        [0, 1, 0, 2],
        [0, 0, 0, 1],
      ],
    });
  });

  test("a known number of experts fixes the loads' length", async () => {
    const log = "iteration,layer,expert,tokens\n1,0,1,5\n";
    for (const experts of [2, 3, 8]) {
      expect((await readSteps(log, { experts }))[0]?.layers[0]?.loads).toHaveLength(experts);
    }
    await expect(readSteps(log, { experts: 1 })).rejects.toThrow("expert is 1; expected a number below 1");
    await expect(readSteps("iteration,layer,e0\n1,0,5\n", { experts: 2 })).rejects.toThrow("columns for 1 experts; expected 2");
  });

  test("matrix: layers, or steps of layers", async () => {
    const layers = [
      { layer: 0, loads: [1, 2] },
      { layer: 1, loads: [3, 4] },
    ];
    expect(await readSteps(" [[1, 2],\n[3 ,4]]\n", {}, [1])).toEqual([{ iteration: 0, experts: 2, ranks: 0, layers }]);
    expect(await readSteps("\ufeff[[[1,2],[3,4]],[[5,6],[7,8]]]")).toEqual([
      { iteration: 0, experts: 2, ranks: 0, layers },
      {
        iteration: 1,
        experts: 2,
        ranks: 0,
        layers: [
          { layer: 0, loads: [5, 6] },
          { layer: 1, loads: [7, 8] },
        ],
      },
    ]);
  });

  test("whole numbers may be printed as floats print them, in every layout alike", async () => {
    const layers = [{ layer: 0, loads: [5, 0, 1000, 150] }];
    const steps = [{ iteration: 0, experts: 4, ranks: 0, layers }];
    expect(await readSteps("[[5.0,0.0,1e3,1.5e+2]]")).toEqual(steps);
    expect(await readSteps("iteration,layer,e0,e1,e2,e3\n0,0,5.0,0.0,1e3,1.5e+2\n")).toEqual(steps);
    const long = "iteration,layer,expert,tokens\n0,0,0,5.0\n0,0,2,1e3\n0,0,3,1.5e+2\n";
    expect(await readSteps(long, { experts: 4 })).toEqual(steps);
    for (const count of ["5.5", "1e-1", "1.55e1", "5.", "-5.0", "1e400"]) {
      await expect(readSteps(`[[${count}]]`), count).rejects.toThrow(/expected a (whole )?number of tokens/);
      if (count !== "5.") await expect(readSteps(`iteration,layer,e0\n0,0,${count}\n`), count).rejects.toThrow(/whole number/);
    }
  });

  test("matrix: any text is read as JSON.parse reads it, or refused", async () => {
    const character = fc.constantFrom(...'[[[]]],,,0123456789 \n-.e"{}');
    const wellFormed = fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.nat(), fc.nat(2), character, async (layers, at, removed, inserted) => {
        const text = JSON.stringify(layers);
        const position = 1 + (at % text.length);
        const damaged = text.slice(0, position) + inserted + text.slice(position + removed);
        const found = await outcome(damaged, false, [3]);
        if (typeof found === "string") {
          expect(found).toMatch(/^log\.csv:\d+:\d+: /);
          let value: unknown;
          try {
            value = JSON.parse(damaged);
          } catch {
            return;
          }
          const rows = Array.isArray(value) ? value : [];
          const rectangle = rows.every((row) => Array.isArray(row) && row.length > 0 && row.length === rows[0].length);
          const digits = !damaged.includes("-"); // Of zeros with a sign or a negative exponent nobody asks.
          const whole = digits && rectangle && rows.flat().every(Number.isSafeInteger);
          expect(whole && rows.length > 0).toBe(false);
        } else expect(found.map(({ layers }) => layers.map(({ loads }) => loads))).toEqual([JSON.parse(damaged)]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the real trace", () => {
  test.skipIf(!haveSharedData)(`ranks sum to loads (skipped when ${withoutSharedData})`, async () => {
    const layerSteps = await readSteps(gunzipSync(readFileSync(`${sharedData}/smartmoe/layer_loads.csv.gz`)));
    expect(layerSteps).toHaveLength(501);
    let at = 0;
    const source = createReadStream(`${sharedData}/smartmoe/rank_loads.csv.gz`).pipe(createGunzip());
    for await (const step of readRoutingSteps(source, { file: "rank_loads.csv.gz", byRank: true })) {
      expect(step.ranks).toBe(16);
      const layers = plain(step).layers.map(({ layer, loads }) => ({ layer, loads }));
      expect({ iteration: step.iteration, layers }).toEqual({
        iteration: layerSteps[at]!.iteration,
        layers: layerSteps[at]!.layers,
      });
      at++;
    }
    expect(at).toBe(501);
  });
});
