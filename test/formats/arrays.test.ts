import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mergeRecords } from "../../src/commands/mergeRecords.ts";
import { npy, npyHeader, pickle, torchSaved, zip } from "../support/arrayFiles.ts";
import { inProcess as lazarus } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

const recorder = "test/fixtures/recorder";
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-arrays-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sums of all iterations by layer, from a file of these bytes. */
async function sums(bytes: Uint8Array, ...options: string[]) {
  const file = join(folder, "input");
  writeFileSync(file, bytes);
  return read(file, ...options);
}

async function read(file: string, ...options: string[]) {
  const { code, stdout, stderr } = await lazarus(["profile-load", file, "--method", "sum", ...options]);
  const layers = code === 0 ? (JSON.parse(stdout) as { layers: { layer: number; loads: number[] }[] }).layers : [];
  return { code, stderr, layers: layers.map(({ layer }) => layer), loads: layers.map(({ loads }) => loads) };
}

async function refused(bytes: Uint8Array, message: RegExp): Promise<void> {
  const { code, stderr } = await sums(bytes);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^lazarus: [^\n]+\n$/);
  expect(code).toBe(2);
}

/** What a kind of numbers looks like in bytes, and the largest that all tests use. */
const kinds: Record<
  string,
  { bytes: number; most: number; write: (view: DataView, at: number, value: number, little: boolean) => void }
> = {
  i1: { bytes: 1, most: 127, write: (view, at, value) => view.setInt8(at, value) },
  u1: { bytes: 1, most: 255, write: (view, at, value) => view.setUint8(at, value) },
  i2: { bytes: 2, most: 32_767, write: (view, at, value, little) => view.setInt16(at, value, little) },
  u2: { bytes: 2, most: 65_535, write: (view, at, value, little) => view.setUint16(at, value, little) },
  i4: { bytes: 4, most: 2 ** 31 - 1, write: (view, at, value, little) => view.setInt32(at, value, little) },
  u4: { bytes: 4, most: 2 ** 32 - 1, write: (view, at, value, little) => view.setUint32(at, value, little) },
  i8: { bytes: 8, most: 2 ** 40, write: (view, at, value, little) => view.setBigInt64(at, BigInt(value), little) },
  u8: { bytes: 8, most: 2 ** 40, write: (view, at, value, little) => view.setBigUint64(at, BigInt(value), little) },
  f4: { bytes: 4, most: 2 ** 24, write: (view, at, value, little) => view.setFloat32(at, value, little) },
  f8: { bytes: 8, most: 2 ** 40, write: (view, at, value, little) => view.setFloat64(at, value, little) },
};

function encoded(kind: string, values: readonly number[], little = true): Buffer {
  const { bytes, write } = kinds[kind]!;
  const data = new DataView(new ArrayBuffer(bytes * values.length));
  values.forEach((value, i) => {
    write(data, bytes * i, value, little);
  });
  return Buffer.from(data.buffer);
}

describe("NumPy", () => {
  test("all kinds of numbers, both orders of bytes and of dimensions, all versions, as files, in archives and packed", async () => {
    const cases = fc.record({
      kind: fc.constantFrom(...Object.keys(kinds)),
      little: fc.boolean(),
      fortran: fc.boolean(),
      version: fc.constantFrom(1, 2, 3),
      shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      seed: fc.infiniteStream(fc.nat(2 ** 40)),
      wrap: fc.constantFrom("npy", "stored", "deflated", "zip64", "gzip"),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ kind, little, fortran, version, shape, seed, wrap }) => {
        const [steps = 1, layers = 1, experts = 1] = [...[1, 1].slice(shape.length - 1), ...shape];
        const most = kinds[kind]!.most;
        const value = Array.from({ length: steps * layers * experts }, () => 1 + ((seed.next().value as number) % most));
        const at = (s: number, l: number, e: number) => value[(s * layers + l) * experts + e]!;
        const inOrder = Array.from(value, (_, i) => {
          if (!fortran) return value[i]!;
          return at(i % steps, Math.floor(i / steps) % layers, Math.floor(i / steps / layers));
        });
        const file = npy(npyHeader(`${little ? "<" : ">"}${kind}`, shape, fortran), encoded(kind, inOrder, little), version);
        const wrapped = {
          npy: file,
          stored: zip({ "arr_0.npy": file }),
          deflated: zip({ "other.npy": file, "loads.npy": file }, { deflate: true }),
          zip64: zip({ "arr_0.npy": file }, { zip64: true }),
          gzip: gzipSync(file),
        }[wrap];
        const { code, loads } = await sums(wrapped!);
        expect(code).toBe(0);
        const expected = Array.from({ length: layers }, (_, l) =>
          Array.from({ length: experts }, (_, e) => Array.from({ length: steps }, (_, s) => at(s, l, e)).reduce((a, b) => a + b)),
        );
        expect(loads).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });

  test("an archive of NumPy's own, from a file and a pipe", async () => {
    const expected = [
      [6, 8],
      [10, 70_004],
    ];
    expect((await read("test/fixtures/loads.npz")).loads).toEqual(expected);
    const piped = await lazarus(["profile-load", "--method", "sum"], readFileSync("test/fixtures/loads.npz"));
    expect(JSON.parse(piped.stdout).layers.map(({ loads }: { loads: number[] }) => loads)).toEqual(expected);
  });

  test("slots by a plan", async () => {
    const map = join(folder, "map.json");
    writeFileSync(map, "[[0,1,0]]");
    const { loads } = await sums(npy(npyHeader("<i8", [3]), encoded("i8", [1, 2, 4])), "--physical-to-logical", map);
    expect(loads).toEqual([[5, 2]]);
  });

  test("what claims more than it holds, or is no loads, is refused", async () => {
    const data = encoded("i8", [1, 2]);
    const array = npy(npyHeader("<i8", [2]), data);
    await refused(npy(npyHeader("<i8", [3]), data), /shape \[3\] has 24 bytes, but 16 follow/);
    await refused(npy(npyHeader("<i8", [1]), data), /has 8 bytes, but 16 follow/);
    await refused(npy(npyHeader("<i8", [60_000, 60_000, 2]), data), /expected at most 512 MiB/);
    await refused(npy(npyHeader("<i8", [70_000, 1]), data), /at most 65536 layers/);
    await refused(npy(npyHeader("<i8", [1, 1, 1, 2]), data), /shape \[1,1,1,2\]; expected \[experts\]/);
    await refused(npy(npyHeader("<i8", [0, 2]), data.subarray(0, 0)), /holds nothing/);
    await refused(npy(npyHeader("|b1", [16]), data), /holds "\|b1"; expected whole numbers/);
    await refused(npy(npyHeader("|O", [2]), data), /holds "\|O"/);
    await refused(npy("{'descr': [('a', '<i8')], 'fortran_order': False, 'shape': (2,), }", data), /several fields/);
    await refused(npy(`${npyHeader("<i8", [2])} or more`, data), /its header is/);
    await refused(npy(npyHeader("<i8", [2]), data, 4), /version 4/);
    await refused(npy(npyHeader("<i8", [2]).padEnd(20_000), data), /header would have 20000 bytes/);
    await refused(npy(npyHeader("<i8", [2]), encoded("i8", [1, -2])), /the array\[1\] is -2; expected a whole number/);
    await refused(npy(npyHeader("<i8", [2]), encoded("i8", [1, 2 ** 53])), /\[1\] is 9007199254740992; expected .* below 2\^53/);
    await refused(npy(npyHeader("<f8", [2]), encoded("f8", [1, 0.5])), /\[1\] is 0.5; expected a whole number/);
    await refused(zip({ "a.npy": array, "b.npy": array }), /there are 2 arrays: "a, b"; .*savez/);
    await refused(zip({ "a.txt": array }), /none of numpy\.savez or torch\.save/);
    await refused(zip({ "a.npy": array }, { size: 2 ** 31 }), /would have 2147483648 bytes out of/);
    await refused(zip({ "a.npy": array }, { deflate: true, size: 2 ** 31 }), /would have 2147483648 bytes out of/);
    await refused(zip({ "a.npy": Buffer.alloc(2000) }, { deflate: true, size: 100 }), /does not unpack to 100 bytes/);
    await refused(zip({ "a.npy": Buffer.alloc(2000) }, { deflate: true, size: 2001 }), /does not unpack to 2001 bytes/);
    await refused(zip({ "a.npy": array }, { flags: 1 }), /encrypted/);
    await refused(zip({ "a.npy": array }, { method: 12 }), /packed by method 12/);
    await refused(zip({ "a.npy": array }).subarray(0, -1), /has no end/);
    await refused(array.subarray(0, 9), /does not begin as one/);
    expect((await sums(array, "--by-rank")).stderr).toMatch(/no source ranks/);
    expect((await sums(array, "--experts", "3")).stderr).toMatch(/--experts says 3/);
  });
});

describe("PyTorch", () => {
  const { text, number, named, list, dictionary, called, tensor, tuple } = pickle;
  const numbers = { 0: encoded("i8", [1, 2, 3, 4, 5, 6, 7, 8]) };

  test("SGLang's dump of steps, its padding and dense layers", async () => {
    const { loads, layers, stderr } = await read(`${recorder}/stat.pt`);
    expect(layers).toEqual([1, 2]);
    expect(loads).toEqual([
      [70_002, 6, 9, 12],
      [0, 15, 0, 18],
    ]);
    expect(stderr).toMatch(/2 iterations without tokens/);
  });

  test("SGLang's records of forward passes, whose ranks are added up by the map in the file", async () => {
    const both = await read(`${recorder}/per_pass`);
    expect(both.loads).toEqual([
      [10, 4, 6],
      [10, 13, 8],
    ]);
    expect(both.stderr).toMatch(/map in the file/);
    const alone = await read(`${recorder}/per_pass/expert_distribution_recorder_1_0.pt`);
    expect(alone.loads[0]).toEqual([2, 4, 0]);
    expect(alone.stderr).toMatch(/records of rank 0 alone; name the folder/);
    const slots = await read(`${recorder}/per_pass`, "--physical-to-logical", "identity");
    expect(slots.loads[0]).toEqual([2, 4, 6, 8]);
    expect(slots.stderr).toBe("");
  });

  test("a full buffer goes round: what depends on the order is told", async () => {
    const whole = torchSaved(dictionary({ logical_count: tensor("0", "LongStorage", 8, [2, 2, 2], [4, 2, 1]) }), numbers);
    expect((await sums(whole)).stderr).toBe("");
    writeFileSync(join(folder, "ring.pt"), whole);
    const { stderr } = await lazarus(["profile-load", join(folder, "ring.pt"), "--window", "last:1"]);
    expect(stderr).toMatch(/not in order of time/);
    expect((await lazarus(["profile-load", `${recorder}/stat.pt`, "--window", "last:1"])).stderr).not.toMatch(/order of time/);
  });

  test("tensors alone: kinds, views, strides, lists", async () => {
    const view = tensor("0", "LongStorage", 8, [2, 2], [1, 2], 4);
    expect((await sums(torchSaved(view, numbers))).loads).toEqual([
      [5, 7],
      [6, 8],
    ]);
    const floats = { 0: Buffer.from([0x80, 0x3f, 0x00, 0x40]), 1: Buffer.from([0x00, 0x3c, 0x00, 0x45]) };
    const two = list(tensor("0", "BFloat16Storage", 2, [1, 2], [2, 1]), tensor("1", "HalfStorage", 2, [1, 2], [2, 1]));
    expect((await sums(torchSaved(two, floats))).loads).toEqual([[2, 7]]);
  });

  test("a pickle that would do anything else is refused by name, and nothing is run", async () => {
    const saved = (value: Buffer) => torchSaved(value, numbers);
    await refused(
      saved(called(named("posix", "system"), tuple(text("touch pwned")))),
      /names "posix\.system", which is not run here/,
    );
    await refused(saved(called(named("builtins", "eval"), tuple(text("1")))), /names "builtins\.eval"/);
    await refused(saved(Buffer.concat([dictionary({}), dictionary({}), Buffer.from("b")])), /operation BUILD/);
    await refused(saved(Buffer.from([0x29, 0x81])), /operation NEWOBJ/);
    await refused(saved(Buffer.from([0xff])), /operation 0xff/);
    await refused(saved(called(named("torch", "LongStorage"), tuple())), /makes a call that is not known/);
    await refused(saved(called(named("torch._utils", "_rebuild_tensor_v2"), tuple(number(1)))), /call that is not known/);
    await refused(saved(Buffer.concat([text("x"), Buffer.from("Q")])), /outside the file/);
    await refused(zip({ "a/data.pkl": Buffer.from([0x80, 4, 0x2e]) }), /another protocol than 2/);
    await refused(saved(Buffer.from([0x58, 0xff, 0xff, 0xff, 0x7f])), /breaks off or is damaged/);
    const thousand = Buffer.concat([Buffer.from("("), Buffer.alloc(1000, "]"), Buffer.from("e")]);
    const lists = Buffer.concat([Buffer.from("]"), ...new Array(2001).fill(thousand)]);
    await refused(torchSaved(lists, {}, { deflate: true }), /holds more than 2000000 lists/);
    await refused(torchSaved(Buffer.alloc(1_100_000, "N"), {}, { deflate: true }), /too much on its stack/);
    await refused(
      torchSaved(Buffer.alloc((1 << 26) + 1, 0x4e), {}, { deflate: true }),
      /pickle has \d+ bytes; expected at most 64 MiB/,
    );
    await refused(saved(Buffer.from("R")), /breaks off or is damaged/);
    await refused(Buffer.from([0x80, 2, 0x2e, 0x0a]), /bare pickle, as PyTorch before 1\.6/);
  });

  test("tensors that claim more than they have, and other dictionaries", async () => {
    const saved = (value: Buffer) => torchSaved(value, numbers);
    const counts = (...words: Parameters<typeof tensor>) => saved(dictionary({ logical_count: tensor(...words) }));
    await refused(counts("0", "LongStorage", 9, [3, 3], [3, 1]), /logical_count would have 9 numbers out of 8/);
    await refused(counts("0", "LongStorage", 8, [4, 4], [0, 0]), /would have 16 numbers out of 8; save it with \.contiguous/);
    await refused(counts("0", "LongStorage", 8, [1, 2], [2, 1], 7), /out of 8/);
    await refused(counts("0", "LongStorage", 8, [50_000, 60_000], [0, 0]), /at most 512 MiB/);
    await refused(counts("9", "LongStorage", 8, [2, 2], [2, 1]), /no numbers in the file/);
    await refused(counts("0", "BoolStorage", 8, [2, 2], [2, 1]), /holds BoolStorage; expected whole numbers/);
    await refused(saved(dictionary({ weights: tensor("0", "LongStorage", 8, [2, 2], [2, 1]) })), /keys are "weights"; expected/);
    await refused(saved(dictionary({ logical_count: number(1) })), /logical_count is no tensor/);
    await refused(saved(number(1)), /holds no tensor/);
    await refused(saved(dictionary({ records: list(number(1)) })), /records\[0\]: expected a dictionary/);
    const record = dictionary({
      forward_pass_id: number(0),
      global_physical_count: tensor("0", "LongStorage", 8, [2, 4], [4, 1]),
    });
    await refused(saved(dictionary({ records: list(record) })), /--physical-to-logical/);
  });

  test("damaged files end in one line", async () => {
    const good = [
      `${recorder}/stat.pt`,
      `${recorder}/per_pass/expert_distribution_recorder_1_1.pt`,
      "test/fixtures/loads.npz",
    ].map((file) => readFileSync(file));
    const damage = fc.record({
      file: fc.constantFrom(...good),
      at: fc.nat(),
      value: fc.nat(255),
      cut: fc.option(fc.nat(), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ file, at, value, cut }) => {
        const bytes = Buffer.from(file);
        bytes[at % bytes.length] = value;
        const { code, stderr } = await sums(cut === undefined ? bytes : bytes.subarray(0, 5 + (cut % (bytes.length - 5))));
        expect(stderr).not.toMatch(/bug|undefined|NaN/);
        expect([0, 2]).toContain(code);
      }),
      { numRuns: 300 },
    );
  });
});

test("records of several files come step by step", async () => {
  async function* file(...steps: number[]) {
    yield* steps.map((step) => ({ step, of: steps.length }));
  }
  const found: number[] = [];
  for await (const { step } of mergeRecords([file(0, 2, 4), file(1, 2, 3, 5)], (record) => record.step)) found.push(step);
  expect(found).toEqual([0, 1, 2, 2, 3, 4, 5]);
});

test("a pipe with a name: arrays are read from it, Parquet is refused at once", () => {
  const script = `cd "$0" && mkfifo pipe && { cat "$1" > pipe & } && timeout 20 "$2" "$3" profile-load pipe -q --method sum --format csv; rm pipe`;
  const through = (file: string) =>
    spawnSync("sh", ["-c", script, folder, join(root, file), process.execPath, join(root, "bin/lazarus.js")], {
      encoding: "utf8",
    });
  expect(through("test/fixtures/loads.npz").stdout).toMatch(/^1,1,1,70004,0,2,sum$/m);
  expect(through("test/fixtures/topk.parquet").stderr).toBe(
    "lazarus: cannot read pipe: it has to be a file, not a pipe; save it first\n",
  );
});

test("folders of dumps are known by their files", async () => {
  mkdirSync(join(folder, "stat"));
  for (const name of ["expert_distribution_recorder_1.5.pt", "expert_distribution_recorder_2.5.pt"])
    writeFileSync(join(folder, "stat", name), readFileSync(`${recorder}/stat.pt`));
  expect((await read(join(folder, "stat"))).loads[1]).toEqual([0, 30, 0, 36]);
  expect((await read(join(folder, "stat"), "--input-format", "torch")).code).toBe(0);
});
