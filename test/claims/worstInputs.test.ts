/**
 * The property over binary files in the real program: a few damaged files in `npm cit`. `npm run worst-inputs` reads all of them in
 * process, gives those that took longest or grew the process most to the real program, and prints the worst.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { paint } from "../../src/report/paint.ts";
import { textTable } from "../../src/report/table.ts";
import { changedByte, countChanges, type DamagedFile, extremeLength, spreadOver } from "../support/binaryChanges.ts";
import { type BinaryReader, binaryReaders } from "../support/binaryReaders.ts";
import { inProcess } from "../support/inProcess.ts";
import { root } from "../support/lazarus.ts";

/** What the program promises. */
const MOST_SECONDS = 5;
const MOST_KIB = 512 * 1024;
/** Changes of each kind and reader that are read in process, `all` of them or so many; none in `npm cit`. */
const WANTED = process.env["WORST_INPUTS"];
const FEW = WANTED === "all" ? Number.POSITIVE_INFINITY : Number(WANTED ?? 0);
/** Files by time, and as many by memory, that the real program then reads. */
const CANDIDATES = 20;
const LISTED = 10;

const folder = mkdtempSync(join(tmpdir(), "lazarus-worst-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Damaged extends DamagedFile {
  readonly reader: BinaryReader;
}
interface Usage {
  readonly seconds: number;
  readonly kib: number;
}

function wordsFor({ bytes, reader }: Damaged): string[] {
  const file = join(folder, reader.file);
  writeFileSync(file, bytes);
  for (const [name, text] of Object.entries(reader.beside ?? {})) writeFileSync(join(folder, name), text);
  return reader.words.split(" ").map((word) => word.replace("FILE", file).replace("FOLDER", folder));
}

function clear({ reader }: Damaged): void {
  for (const name of [reader.file, ...Object.keys(reader.beside ?? {})]) rmSync(join(folder, name), { force: true });
}

/** Reads a file with the real program, which has to keep its promise. */
function measured(damaged: Damaged): Usage & { readonly code: number | null; readonly damaged: Damaged } {
  const usage = join(folder, "usage.json");
  const words = ["--import", `${root}test/support/reportUsage.mjs`, `${root}bin/lazarus.js`, ...wordsFor(damaged)];
  const { status: code } = spawnSync(process.execPath, words, { env: { ...process.env, USAGE_FILE: usage }, timeout: 60_000 });
  clear(damaged);
  const { seconds, kib } = JSON.parse(readFileSync(usage, "utf8")) as Usage;
  const context = `${damaged.reader.name}, ${damaged.what}: ${damaged.bytes.toString("base64")}`;
  expect([0, 2], context).toContain(code);
  expect(seconds, context).toBeLessThan(MOST_SECONDS);
  expect(kib, context).toBeLessThan(MOST_KIB);
  return { seconds, kib, code, damaged };
}

test.skipIf(FEW > 0)("the real program ends soon and in little memory, whatever a length says", () => {
  for (const [r, reader] of binaryReaders.entries()) {
    if (r % 3 !== 0) continue;
    const { sample } = reader;
    // Somewhere else in each of them.
    const change = Math.floor(countChanges(sample).lengths * ((reader.name.length * 0.618) % 1));
    measured({ ...extremeLength(sample, change), reader });
  }
});

test.skipIf(FEW === 0)("the worst of all damaged files", { timeout: 24 * 3600 * 1000 }, async () => {
  const slowest: { readonly damaged: Damaged; readonly cost: number }[] = [];
  const largest: typeof slowest = [];
  const keep = (list: typeof slowest, damaged: Damaged, cost: number) => {
    if (list.length === CANDIDATES && cost <= list.at(-1)!.cost) return;
    list.push({ damaged, cost });
    list.sort((a, b) => b.cost - a.cost).splice(CANDIDATES);
  };
  const counts = { files: 0, read: 0, refused: 0 };
  for (const reader of binaryReaders.toSorted((a, b) => a.sample.length - b.sample.length)) {
    const { sample } = reader;
    const count = countChanges(sample);
    let [seconds, bytes] = [0, 0];
    const tried = [
      ...spreadOver(count.bytes, FEW).map((change) => changedByte(sample, change)),
      ...spreadOver(count.lengths, FEW).map((change) => extremeLength(sample, change)),
    ];
    for (const file of tried) {
      const damaged = { ...file, reader };
      const words = wordsFor(damaged);
      const [before, begun] = [process.memoryUsage.rss(), process.cpuUsage()];
      const { code } = await inProcess(words);
      const { user, system } = process.cpuUsage(begun);
      const grown = process.memoryUsage.rss() - before;
      keep(slowest, damaged, user + system);
      keep(largest, damaged, grown);
      [seconds, bytes] = [Math.max(seconds, (user + system) / 1e6), Math.max(bytes, grown)];
      clear(damaged);
      expect([0, 2], `${reader.name}, ${file.what}`).toContain(code);
      counts.files++;
      if (code === 0) counts.read++;
      else counts.refused++;
    }
    process.stderr.write(
      `${reader.name}: ${tried.length} files, at most ${seconds.toFixed(2)} CPU s and ${Math.ceil(bytes / 2 ** 20)} MiB more, in process\n`,
    );
  }
  const real = [...new Set([...slowest, ...largest].map(({ damaged }) => damaged))].map(measured);
  const sound = binaryReaders.map((reader) => measured({ bytes: reader.sample, what: "sound", reader }));
  const columns = [
    { head: "file", align: "left" as const },
    { head: "change", align: "left" as const },
    { head: "bytes" },
    { head: "exit" },
    { head: "CPU s" },
    { head: "MiB" },
  ];
  const rows = (of: typeof real) =>
    of
      .slice(0, LISTED)
      .map(({ damaged: { reader, what, bytes }, code, seconds, kib }) => [
        reader.name,
        what,
        String(bytes.length),
        String(code),
        seconds.toFixed(2),
        (kib / 1024).toFixed(0),
      ]);
  const table = (of: typeof real) => textTable(columns, rows(of), paint(false));
  process.stdout.write(
    [
      `${counts.files} damaged files of ${binaryReaders.length} kinds: ${counts.read} read, ${counts.refused} refused, none else`,
      `\nMost memory\n${table(real.toSorted((a, b) => b.kib - a.kib))}`,
      `\nMost time\n${table(real.toSorted((a, b) => b.seconds - a.seconds))}`,
      `\nSound files, for comparison\n${table(sound.toSorted((a, b) => b.kib - a.kib).slice(0, 3))}\n`,
    ].join("\n"),
  );
});
