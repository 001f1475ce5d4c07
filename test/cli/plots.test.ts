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

interface Plan {
  readonly nodes: readonly { readonly name: string }[];
  readonly layers: readonly {
    readonly layer: number;
    readonly loads: readonly number[];
    readonly nodes: readonly (readonly number[])[];
  }[];
  readonly balance: { readonly even: number; readonly optimal: number };
  readonly recovery: {
    readonly failures: readonly { readonly failed: number; readonly probability: number; readonly upperBound?: number }[];
  };
}

const place = "place fixtures/routing.csv -n 6 -c 6";

test.each([
  ["mro", "even"],
  ["resilient", "optimal"],
] as const)("place, %s: the busiest rank is the document's, and what failures kill is the curve's", async (policy, shares) => {
  const { document, picture } = await plotted<Plan>(`${place} --placement ${policy}`);
  const said = tips(picture);
  const loads = said.flatMap((tip) => /^rank \d+ after: ([\d.]+) x/.exec(tip)?.[1] ?? []).map(Number);
  expect(loads).toHaveLength(6);
  expect(Math.max(...loads)).toBeCloseTo(document.balance[shares], 2);
  expect(loads.reduce((sum, load) => sum + load, 0)).toBeCloseTo(6, 2);
  const { failures } = document.recovery;
  for (const { failed, probability, upperBound } of failures.slice(0, 3)) {
    expect(said).toContain(`this placement, ${failed} failed: ${(100 * probability).toFixed(2)} %`);
    const bounded = said.some(
      (tip) => tip.startsWith("bound for") && tip.endsWith(`, ${failed} failed: ${(100 * (upperBound ?? 0)).toFixed(2)} %`),
    );
    expect(bounded).toBe(upperBound !== undefined);
  }
  const words = texts(picture);
  for (const [i, [size, sets]] of [
    ["One failed node", 6] as const,
    ["Two failed nodes", 15] as const,
    ["Three failed nodes", 20] as const,
  ].entries()) {
    const fatal = Math.round((1 - failures[i]!.probability) * sets);
    const title = fatal === 0 ? size : `${size}: ${fatal} of ${sets}, ${((100 * fatal) / sets).toFixed(2)} %, lose experts`;
    expect(words).toContain(title);
  }
});

test("place --audit: before is without replicas; a field for every expert that a node holds, with its copies", async () => {
  const { stdout } = await inProcess([...place.split(" "), "--placement", "mro"]);
  writeFileSync(at("plan.json"), stdout);
  const plan = JSON.parse(stdout) as Plan;
  const { picture } = await plotted<Plan>(`place --audit ${at("plan.json")}`);
  const layer = Number(/Layer (\d+), the least even of 4/.exec(picture)![1]);
  const { loads, nodes } = plan.layers.find((each) => each.layer === layer)!;
  const said = tips(picture);
  let held = 0;
  for (const [n, slots] of nodes.entries()) {
    for (const expert of new Set(slots)) {
      const copies = slots.filter((other) => other === expert).length;
      expect(said).toContain(`${plan.nodes[n]!.name}, expert ${expert}: ${copies} cop${copies === 1 ? "y" : "ies"}`);
      held++;
    }
  }
  expect(said.filter((tip) => tip.includes(" cop"))).toHaveLength(held);
  // 16 experts on 6 ranks: rank 1 has the last third of expert 2, 3 and 4, and the first third of expert 5.
  const [mean, second] = [loads.reduce((sum, load) => sum + load, 0) / 6, loads[2]! / 3 + loads[3]! + loads[4]! + loads[5]! / 3];
  expect(said).toContain(`rank 1 before: ${(second / mean).toFixed(3)} x the mean`);
});

interface Dispatch {
  readonly layers: readonly {
    readonly layer: number;
    readonly sent: readonly (readonly number[])[];
    readonly maxOverMean: number;
  }[];
}

test("dispatch-plan: tokens from rank to rank are the sum of the layers", async () => {
  writeFileSync(at("plan.json"), (await inProcess([...place.split(" "), "--placement", "mro"])).stdout);
  const { document, picture } = await plotted<Dispatch>(`dispatch-plan ${at("plan.json")}`);
  const said = tips(picture);
  for (let from = 0; from < 6; from++) {
    for (let to = 0; to < 6; to++) {
      const tokens = document.layers.reduce((sum, { sent }) => sum + sent[from]![to]!, 0);
      const written = `${from} to ${to}: ${String(tokens).replace(/\B(?=(\d{3})+$)/g, " ")}`;
      expect(said.includes(written)).toBe(tokens > 0);
    }
  }
  for (const { layer, maxOverMean } of document.layers) expect(said).toContain(`layer ${layer}: ${maxOverMean.toFixed(3)}`);
  const weights = await inProcess(["dispatch-plan", at("plan.json"), "--weights", "--plot", at("w.svg")]);
  expect([weights.code, weights.stderr]).toEqual([2, expect.stringMatching(/--plot draws tokens, --weights writes shares/)]);
});

interface Comparison {
  readonly plans: readonly {
    readonly name: string;
    readonly balance: { readonly evenMean: number };
    readonly failures: readonly { readonly failed: number; readonly probability: number }[];
    readonly steps: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  }[];
}

test("compare: survival and percentiles of all plans are the document's", async () => {
  writeFileSync(at("plan.json"), (await inProcess([...place.split(" "), "--placement", "mro"])).stdout);
  const { document, picture } = await plotted<Comparison>(
    `compare ${at("plan.json")} --with eplb --routing fixtures/routing.csv`,
  );
  const said = tips(picture);
  expect(document.plans).toHaveLength(2);
  for (const { name, failures, steps } of document.plans) {
    for (const { failed, probability } of failures.slice(0, 2))
      expect(said).toContain(`${name}, ${failed} failed: ${(100 * probability).toFixed(2)} %`);
    for (const [percent, value] of [
      ["50", steps.p50] as const,
      ["90", steps.p90] as const,
      ["99", steps.p99] as const,
      ["100", steps.max] as const,
    ])
      expect(said).toContain(`${name}, ${percent} % of the iterations: at most ${value.toFixed(3)}`);
    expect(said.filter((tip) => tip.startsWith(`${name}, rank `))).toHaveLength(6);
    expect(said.filter((tip) => tip.startsWith(`${name}, iteration `))).toHaveLength(20);
  }
});

interface Recovery {
  readonly transfers: readonly {
    readonly layer: number;
    readonly expert: number;
    readonly from: string;
    readonly to: string;
    readonly round: number;
  }[];
  readonly restored?: readonly { readonly tier: string; readonly seconds: number }[];
}

test("recover: every transfer is on the map and in its round, at both ends; restored copies by tier", async () => {
  const words = "place fixtures/routing.csv -n 6 -c 4 --placement spread".split(" ");
  writeFileSync(at("plan.json"), (await inProcess(words)).stdout);
  const { document, picture } = await plotted<Recovery>(
    `recover ${at("plan.json")} --failed node3,node1 --restore host=25GBps,store=2GBps --model gpt-l`,
  );
  const said = tips(picture);
  expect(document.transfers.length).toBeGreaterThan(5);
  for (const { layer, expert, from, to, round } of document.transfers) {
    const pair = document.transfers.filter((other) => other.from === from && other.to === to).length;
    expect(said.some((tip) => tip.startsWith(`${from} to ${to}: ${pair} replica`))).toBe(true);
    const ends = (node: string) => said.find((tip) => tip.startsWith(`${node}, round ${round}: `));
    expect(ends(to)).toContain(`receives layer ${layer} expert ${expert} from ${from}`);
    expect(ends(from)).toContain(`sends layer ${layer} expert ${expert} to ${to}`);
  }
  const stored = document.restored!.filter(({ tier }) => tier === "store");
  expect(stored.length).toBeGreaterThan(0);
  const last = Math.max(...stored.map(({ seconds }) => seconds));
  expect(said).toContain(`checkpoint store: ${stored.length} after ${last.toFixed(3)} s`);
});

test("recover: no picture where there is no plan, with its reason, and the file stays", async () => {
  writeFileSync(at("plan.json"), (await inProcess([...place.split(" "), "--placement", "mro"])).stdout);
  writeFileSync(at("kept.svg"), "as it was");
  const run = await inProcess([
    "recover",
    at("plan.json"),
    "--failed",
    "node0,node1,node2,node3,node4",
    "--plot",
    at("kept.svg"),
  ]);
  expect([run.code, run.stderr]).toEqual([3, expect.stringMatching(/no picture: .*live/)]);
  expect(readFileSync(at("kept.svg"), "utf8")).toBe("as it was");
});

test("of several documents the last is drawn, and a line says so", async () => {
  const profiles = await inProcess(["profile-load", "fixtures/routing.csv", "--every", "10"]);
  writeFileSync(at("windows.json"), profiles.stdout);
  const { picture, stderr } = await plotted<Plan>(`place ${at("windows.json")} -n 6 -c 6 --placement mro`);
  expect(stderr).toMatch(/--plot draws the last of 2 documents; 1 left out/);
  expect(picture).toContain("loads of iterations 11 to 20");
});

test("a page is whole: no script, nothing fetched, the same marks in both widths", async () => {
  const { picture } = await plotted<Profile>("profile-load fixtures/routing.csv", "page.html");
  expect(picture).toMatch(/^<!DOCTYPE html>/);
  expect(picture).not.toMatch(/<script|<link|<img|url\(|href=|src=|@import/);
  expect(picture.match(/https?:[^"]*/g)!.every((address) => address === "http://www.w3.org/2000/svg")).toBe(true);
  const drawn = picture.split("<figure").slice(1);
  expect(drawn.map(fields).map(({ length }) => length)).toEqual([64, 64, 64, 64]);
  expect(tips(drawn[0]!)).toEqual(tips(drawn[1]!));
  const narrow = [...picture.matchAll(/<figure class="narrow"[^>]*><svg [^>]*? width="(\d+)"/g)].map(([, width]) =>
    Number(width),
  );
  expect(narrow).toHaveLength(2);
  for (const width of narrow) expect(width).toBeLessThanOrEqual(328);
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
