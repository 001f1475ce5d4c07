/** `--plot`: pictures say what the documents say. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { fields, isWellFormed, texts, tips } from "../support/svg.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-plots-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

/** Runs a command with --plot; its JSON and the picture. */
async function plotted<T>(line: string, name = "picture.svg"): Promise<{ document: T; picture: string; stderr: string }> {
  const { code, stdout, stderr } = await inProcess([...line.split(" "), "--format", "json", "--plot", at(name)]);
  expect([code, stderr]).toEqual([0, expect.anything()]);
  const picture = readFileSync(at(name), "utf8");
  if (name.endsWith(".svg")) expect(isWellFormed(picture)).toBe(true);
  return { document: JSON.parse(stdout.trim().split("\n").at(-1)!), picture, stderr };
}

interface Profile {
  readonly layers: readonly { readonly layer: number; readonly loads: readonly number[] }[];
}

test("profile-load: a field for every expert of every layer, twice, with its tokens and its multiple of the mean", async () => {
  const { document, picture } = await plotted<Profile>("profile-load fixtures/routing.csv");
  expect(fields(picture)).toHaveLength(2 * 4 * 16);
  const said = tips(picture);
  for (const { layer, loads } of document.layers) {
    const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
    const multiples = loads.map((load) => (load / mean).toFixed(2));
    loads.forEach((load, expert) => {
      const tokens = String(load).replace(/\B(?=(\d{3})+$)/g, " ");
      expect(said).toContain(`layer ${layer}, expert ${expert}: ${tokens} (${multiples[expert]} x)`);
    });
    const places = said.filter((tip) => tip.startsWith(`layer ${layer}, place `)).map((tip) => tip.split(": ")[1]);
    expect(places).toEqual(multiples.toSorted((a, b) => Number(b) - Number(a)).map((times) => `${times} x`));
  }
  expect(picture).toContain("prefers-color-scheme:dark");
  expect(texts(picture)[0]).toMatch(/^Load of experts: the hottest gets 11\.5 x the mean \(expert 3 of layer 0\)$/);
});

test("profile-load --every: how far loads move; one picture of all windows, the same bytes every time", async () => {
  const { picture } = await plotted<Profile>("profile-load fixtures/routing.csv --every 5");
  const windows = (await inProcess(["profile-load", "fixtures/routing.csv", "--every", "5"])).stdout.trim().split("\n");
  const shares = windows.map((line) => {
    const { loads } = (JSON.parse(line) as Profile).layers[0]!;
    return loads.map((load) => load / loads.reduce((sum, each) => sum + each, 0));
  });
  const moved = shares.slice(1).map((after, w) => after.reduce((sum, share, e) => sum + Math.abs(share - shares[w]![e]!), 0));
  expect(moved).toHaveLength(3);
  moved.forEach((distance, w) => {
    expect(tips(picture)).toContain(`layer 0, to iteration ${10 + 5 * w}: ${distance.toFixed(3)}`);
  });
  expect((await plotted<Profile>("profile-load fixtures/routing.csv --every 5")).picture).toBe(picture);
});

test("profile-load --drift: a point a layer for every figure", async () => {
  interface Drift {
    readonly layers: readonly { readonly layer: number; readonly distance: { readonly mean: number } }[];
  }
  const { document, picture } = await plotted<Drift>("profile-load fixtures/routing.csv --drift --every 2");
  for (const { layer, distance } of document.layers)
    expect(tips(picture)).toContain(`layer ${layer}, mean: ${Number(distance.mean.toPrecision(3))}`);
});

test("58 layers of 256 experts stay below 2 MB; more layers and experts are put together, and the subtitle says so", async () => {
  const profileOf = (layers: number, experts: number) => {
    const tables = Array.from({ length: layers }, (_, layer) => ({
      layer,
      loads: Array.from({ length: experts }, (_, expert) => ((expert * 7919 + layer * 104729) % 9973) * 100),
    }));
    const window = { from: 0, to: 9, iterations: 10, method: "mean" };
    writeFileSync(at("large.json"), JSON.stringify({ type: "load-profile", version: 1, experts, window, layers: tables }));
  };
  profileOf(58, 256);
  const large = await plotted<Profile>(`profile-load ${at("large.json")}`, "large.html");
  expect(large.picture.length).toBeLessThan(2_000_000);
  expect(fields(large.picture)).toHaveLength(58 * 256 + 58 * 32);
  profileOf(130, 600);
  const { picture } = await plotted<Profile>(`profile-load ${at("large.json")}`);
  expect(fields(picture)).toHaveLength(44 * 200 + 44 * 32);
  expect(picture).toContain("3 layers a row; 3 experts a column.");
});

test("a page is whole: no script, nothing fetched, the same marks in both widths", async () => {
  const { picture } = await plotted<Profile>("profile-load fixtures/routing.csv", "page.html");
  expect(picture).toMatch(/^<!DOCTYPE html>/);
  expect(picture).not.toMatch(/<script|<link|<img|url\(|href=|src=|@import/);
  expect(picture.match(/https?:[^"]*/g)!.every((address) => address === "http://www.w3.org/2000/svg")).toBe(true);
  const drawn = picture.split("<figure").slice(1);
  expect(drawn.map(fields).map(({ length }) => length)).toEqual([64, 64, 64, 64]);
  expect(tips(drawn[0]!)).toEqual(tips(drawn[1]!));
});

test("what is refused, and what stays", async () => {
  const run = (...words: string[]) => inProcess(["profile-load", "fixtures/routing.csv", ...words]);
  expect((await run("--plot", at("a.png"))).stderr).toMatch(
    /--plot: expected a file name that ends in .svg or .html, got .*a.png/,
  );
  const twice = await run("--plot", at("a.svg"), "-o", at("a.svg"));
  expect([twice.code, twice.stderr]).toEqual([2, expect.stringMatching(/--plot and --output would go to the same place/)]);
  expect((await run("--plot", at("no/where.svg"))).stderr).toMatch(/cannot write/);
  writeFileSync(at("kept.svg"), "as it was");
  expect((await run("--layers", "9", "--plot", at("kept.svg"))).code).toBe(2);
  expect(readFileSync(at("kept.svg"), "utf8")).toBe("as it was");
  expect(existsSync(at("a.svg"))).toBe(false);
});
