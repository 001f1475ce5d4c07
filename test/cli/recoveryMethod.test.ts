import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkPlacement, type PlacementDocument } from "../../src/formats/documents/placement.ts";
import { testBackends } from "../support/backends.ts";
import { inProcess } from "../support/inProcess.ts";

const backends = await testBackends();
const folder = mkdtempSync(join(tmpdir(), "lazarus-recovery-method-"));
const at = (name: string) => join(folder, name);
const cluster = ["--placement", "spread", "-c", "3", "--cluster", at("nodes.csv")];
const sampling = ["--recovery-method", "gpu", "--samples", "2500"];

async function placed(...words: string[]): Promise<PlacementDocument> {
  const { code, stdout, stderr } = await inProcess(["place", ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return checkPlacement(JSON.parse(stdout), "place");
}

beforeAll(async () => {
  const racks = Array.from({ length: 9 }, (_, n) => `n${n},3,rack${Math.floor(n / 2)}`);
  writeFileSync(at("nodes.csv"), ["name,slots,domain", ...racks, ""].join("\n"));
  const { stdout } = await inProcess(["profile-load"], "[[5,9,2,4,1,1,8,30],[3,3,7,1,2,9,9,40]]");
  writeFileSync(at("profile.json"), stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("place --recovery-method gpu", () => {
  let exact: PlacementDocument;
  let sampled: PlacementDocument;
  beforeAll(async () => {
    exact = await placed(...cluster, at("profile.json"));
    sampled = await placed(...cluster, ...sampling, "--backend", "cpu", "--seed", "5", at("profile.json"));
  });

  test("says that it sampled, where, how often and with which seed; for domains as well", () => {
    const backend = { name: "cpu", adapter: expect.stringMatching(/./), software: false };
    expect(sampled.recovery).toMatchObject({ method: "sampling", samples: 2500, seed: 5, certified: false, backend });
    expect(sampled.recovery?.byUnit?.domain).toMatchObject({ count: 5, method: "sampling", samples: 2500, seed: 5 });
    expect(sampled.recovery?.survivalInterval).toHaveLength(2);
    expect(exact.recovery).not.toHaveProperty("samples");
    expect(exact.recovery).not.toHaveProperty("backend");
  });

  test("gives intervals that hold what is exact, and nothing else changes", () => {
    const truth = exact.recovery!;
    const found = sampled.recovery!;
    let intervals = 0;
    for (const [known, estimated] of [
      [truth, found],
      [truth.byUnit!.domain!, found.byUnit!.domain!],
    ]) {
      expect(known!.method).not.toBe("sampling");
      expect(estimated!.tolerates).toBe(known!.tolerates);
      for (const [i, { probability, interval: [low, high] = [probability, probability] }] of estimated!.failures.entries()) {
        if (low < high) intervals++;
        // Intervals end where bounds do, which differ by rounding.
        expect(known!.failures[i]!.probability).toBeGreaterThan(low - 1e-12);
        expect(known!.failures[i]!.probability).toBeLessThan(high + 1e-12);
      }
    }
    expect(intervals).toBeGreaterThan(1);
    expect({ ...sampled, recovery: 0, policy: 0 }).toEqual({ ...exact, recovery: 0, policy: 0 });
  });

  test("gives the same numbers on another backend, and as an audit", async () => {
    const anywhere = { ...sampled.recovery, backend: 0 };
    for (const backend of ["js", "webasm"]) {
      const again = await placed(...cluster, ...sampling, "--backend", backend, "--seed", "5", at("profile.json"));
      expect({ ...again.recovery, backend: 0 }).toEqual(anywhere);
    }
    writeFileSync(at("exact.json"), JSON.stringify(exact));
    const audited = await placed("--audit", at("exact.json"), ...sampling, "--backend", "js", "--seed", "5");
    expect({ ...audited.recovery, backend: 0 }).toEqual(anywhere);
    expect(audited.explanation).toBeDefined();
  });

  test("the table says so, with intervals in a column of their own", async () => {
    const words = [...cluster, ...sampling, "--backend", "js", "--format", "table", at("profile.json")];
    const lines = (await inProcess(["place", ...words])).stdout.split("\n");
    const head = lines.find((line) => line.startsWith("failed at once")) as string;
    const rows = lines.slice(lines.indexOf(head) + 1).filter((line) => /^ +\d+ +[\d.]+ %/.test(line));
    const end = head.indexOf("95 % interval") + "95 % interval".length;
    expect(rows.map((row) => row.slice(0, end)).filter((row) => / (certain|[\d.]+ %)$/.test(row))).toHaveLength(rows.length);
    expect(lines.join("\n")).toMatch(/\(method: sampling, 2 500\s+failure orders with seed 0 on js, .+\)/);
  });

  test("refuses options that only sampling has, and offers what was meant", async () => {
    for (const words of [
      ["--backend", "cpu"],
      ["--samples", "10"],
    ]) {
      const { code, stderr } = await inProcess(["place", ...cluster, ...words, at("profile.json")]);
      expect(stderr).toMatch(new RegExp(`^lazarus: ${words[0]} is for --recovery-method gpu; .*\n$`));
      expect(code).toBe(2);
    }
  });

  for (const { name, unavailable } of backends) {
    test.skipIf(unavailable === undefined)(`on ${name}, where it does not work: reason and remedy, exit 1, no file`, async () => {
      const words = [...cluster, ...sampling, "--backend", name, "-q", "-o", at("never.json"), at("profile.json")];
      const { code, stderr } = await inProcess(["place", ...words]);
      expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^lazarus: .+; .*(install|npm|xvfb)/);
      expect({ code, written: existsSync(at("never.json")) }).toEqual({ code: 1, written: false });
    });
  }
});
