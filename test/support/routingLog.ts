/** Routing logs for tests: random ones, a reader built on csv-parse as the oracle, and ours with chunks of any size. */
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import type { RoutingStep } from "../../src/core/profile/routingStep.ts";
import { readRoutingSteps } from "../../src/formats/routing/readRoutingSteps.ts";
import type { RoutingOptions } from "../../src/formats/routing/stepReader.ts";

/** A step as plain data: loads and byRank by layer. */
export interface PlainStep {
  iteration: number;
  experts: number;
  ranks: number;
  layers: { layer: number; loads: number[]; byRank?: number[][] }[];
}

const rows = (table: Float64Array, width: number) =>
  Array.from({ length: table.length / width }, (_, row) => Array.from(table.subarray(row * width, (row + 1) * width)));

export function plain({ iteration, experts, ranks, layers }: RoutingStep): PlainStep {
  return {
    iteration,
    experts,
    ranks,
    layers: layers.map(({ layer, loads, byRank }) => ({
      layer,
      loads: Array.from(loads),
      ...(byRank && { byRank: rows(byRank, experts) }),
    })),
  };
}

/** The steps of a log that arrives in chunks of the given sizes, over and over. One buffer carries all chunks. */
export async function readSteps(
  log: string | Uint8Array,
  options: Partial<RoutingOptions> = {},
  chunkSizes: readonly number[] = [1 << 20],
): Promise<PlainStep[]> {
  const bytes = Buffer.from(log);
  async function* chunks() {
    const buffer = new Uint8Array(Math.max(...chunkSizes));
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = Math.min(chunkSizes[turn % chunkSizes.length] as number, bytes.length - at);
      buffer.fill(0x37).set(bytes.subarray(at, at + size));
      yield buffer.subarray(0, size);
      at += size;
    }
  }
  const steps: PlainStep[] = [];
  for await (const step of readRoutingSteps(chunks(), { file: "log.csv", ...options })) steps.push(plain(step));
  return steps;
}

/**
 * What csv-parse and the plainest bookkeeping make of a log: its steps, or undefined when csv-parse or the rules of the
 * format refuse it. Blank lines at the end are allowed.
 */
export function oracleSteps(log: string | Uint8Array, byRank: boolean): PlainStep[] | undefined {
  let records: string[][];
  try {
    const text = Buffer.from(log)
      .toString()
      .replace(/(?<=\n)(\r?\n)+$/, "");
    records = parse(text, { bom: true, record_delimiter: ["\r\n", "\n"] });
  } catch {
    return undefined;
  }
  const [header, ...body] = records;
  if (header === undefined || body.length === 0 || new Set(header).size < header.length) return undefined;
  const wideExperts = header.filter((name) => /^e\d+$/.test(name)).length;
  const shapes = {
    long: ["iteration", "layer", "expert", "tokens"],
    tokens: ["iteration", "layer", "expert", "token"],
    wide: ["iteration", "layer", ...Array.from({ length: wideExperts }, (_, e) => `e${e}`)],
  };
  const hasRank = header.includes("rank");
  const names = header.filter((name) => name !== "rank");
  const shape = (["long", "tokens", "wide"] as const).find(
    (candidate) => shapes[candidate].length === names.length && shapes[candidate].every((name) => names.includes(name)),
  );
  if (shape === undefined || (shape === "wide" && wideExperts === 0) || (byRank && !hasRank)) return undefined;

  const steps: { iteration: number; counts: Map<string, number>; experts: number; ranks: number }[] = [];
  const newest = new Map<string, number>();
  for (const record of body) {
    if (record.some((field) => !/^\d+$/.test(field) || !Number.isSafeInteger(Number(field)))) return undefined;
    const row = Object.fromEntries(header.map((name, column) => [name, Number(record[column])])) as Record<string, number>;
    const { iteration = 0, layer = 0, rank = 0 } = row;
    if (layer >= 2 ** 16 || rank >= 2 ** 20) return undefined;
    const last = steps.at(-1);
    if (last !== undefined && iteration < last.iteration) return undefined;
    if (last?.iteration !== iteration) {
      steps.push({ iteration, counts: new Map(), experts: last?.experts ?? 0, ranks: last?.ranks ?? 0 });
      newest.clear();
    }
    const step = steps.at(-1)!;
    const cells: [expert: number, tokens: number][] =
      shape === "wide"
        ? Array.from({ length: wideExperts }, (_, e) => [e, row[`e${e}`]!])
        : [[row["expert"]!, shape === "long" ? row["tokens"]! : 1]];
    for (const [expert, tokens] of cells) {
      const cell = `${layer},${rank},${expert}`;
      if (expert >= 2 ** 16) return undefined;
      if (shape === "tokens") {
        if (row["token"]! <= (newest.get(cell) ?? -1)) return undefined;
        newest.set(cell, row["token"]!);
      } else if (step.counts.has(cell)) return undefined;
      step.counts.set(cell, (step.counts.get(cell) ?? 0) + tokens);
      step.experts = Math.max(step.experts, expert + 1);
      step.ranks = Math.max(step.ranks, rank + 1);
    }
  }
  const plainSteps = steps.map(({ iteration, counts, experts, ranks }): PlainStep => {
    const layers = new Map<number, number[][]>();
    for (const [cell, tokens] of counts) {
      const [layer, rank, expert] = cell.split(",").map(Number) as [number, number, number];
      if (!layers.has(layer))
        layers.set(
          layer,
          Array.from({ length: ranks }, () => new Array<number>(experts).fill(0)),
        );
      layers.get(layer)![rank]![expert] = tokens;
    }
    const ascending = [...layers].sort(([a], [b]) => a - b);
    return {
      iteration,
      experts,
      ranks: byRank ? ranks : 0,
      layers: ascending.map(([layer, table]) => ({
        layer,
        loads: Array.from({ length: experts }, (_, e) => table.reduce((sum, row) => sum + row[e]!, 0)),
        ...(byRank && { byRank: table }),
      })),
    };
  });
  const overflow = plainSteps.some(({ layers }) =>
    layers.some(({ loads }) => loads.reduce((a, b) => a + BigInt(b), 0n) >= 2n ** 53n),
  );
  return overflow ? undefined : plainSteps;
}

const counts = fc.oneof(fc.nat(9), fc.nat(20_000), fc.nat(2 ** 31), fc.nat(2 ** 45));

const plainly = (digits: string) => digits;
const padded = (digits: string) => digits.padStart(17, "0");
const inQuotes = (digits: string) => `"${digits}"`;

/** A well-formed log of any table, with and without ranks, its columns in any order, its lines ending either way. */
export const routingLogs: fc.Arbitrary<string> = fc
  .record({
    table: fc.constantFrom("wide", "long", "tokens"),
    hasRank: fc.boolean(),
    gaps: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }),
    layers: fc.uniqueArray(fc.oneof(fc.nat(4), fc.nat(65_535)), { minLength: 1, maxLength: 3 }),
    ranks: fc.uniqueArray(fc.oneof({ weight: 9, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(200) }), {
      minLength: 1,
      maxLength: 3,
    }),
    experts: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 4 }),
    counts: fc.infiniteStream(counts),
    kept: fc.infiniteStream(fc.integer({ min: 0, max: 4 }).map((n) => n > 0)),
    styles: fc.infiniteStream(fc.constantFrom<(digits: string) => string>(plainly, plainly, plainly, padded, inQuotes)),
    styled: fc.boolean(),
    columnOrder: fc.infiniteStream(fc.nat()),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    lastLineEnd: fc.constantFrom("", "\n", "\n\n", "\r\n"),
    bom: fc.boolean(),
    quoted: fc.boolean(),
  })
  .map(
    ({
      table,
      hasRank,
      gaps,
      layers,
      ranks,
      experts,
      counts,
      kept,
      styles,
      styled,
      columnOrder,
      lineEnd,
      lastLineEnd,
      bom,
      quoted,
    }) => {
      const next = <T>(stream: Iterator<T>): T => stream.next().value as T;
      const body: Record<string, number>[] = [];
      let iteration = 0;
      for (const gap of gaps) {
        iteration += gap;
        for (const layer of layers) {
          for (const rank of hasRank ? ranks : [0]) {
            const key = { iteration, layer, rank };
            if (table === "wide") {
              if (next(kept)) {
                body.push({ ...key, ...Object.fromEntries([...experts.keys()].map((e) => [`e${e}`, next(counts)])) });
              }
            } else if (table === "long") {
              for (const expert of experts) if (next(kept)) body.push({ ...key, expert, tokens: next(counts) });
            } else {
              for (let token = 0; token < 4; token++) {
                for (const expert of experts) if (next(kept)) body.push({ ...key, token, expert });
              }
            }
          }
        }
      }
      if (body.length === 0) return "iteration,layer,expert,tokens\n0,0,0,0\n";
      const names = Object.keys(body[0]!).filter((name) => name !== "rank" || hasRank);
      const order = new Map(names.map((name) => [name, next(columnOrder)]));
      names.sort((a, b) => order.get(a)! - order.get(b)!);
      const lines = body.map((row) => names.map((name) => (styled ? next(styles) : plainly)(String(row[name]))).join(","));
      const header = names.map((name) => (quoted ? `"${name}"` : name)).join(",");
      return (bom ? "\ufeff" : "") + [header, ...lines].join(lineEnd) + lastLineEnd;
    },
  );
