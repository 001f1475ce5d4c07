import fc from "fast-check";
import { expect, test } from "vitest";
import { planBalance } from "../../src/core/balance/planBalance.ts";
import { robustPlacement } from "../../src/core/forecast/robustPlacement.ts";
import { uniformCluster } from "../../src/core/layout/cluster.ts";
import type { LayerLoads } from "../../src/core/layout/placement.ts";
import { type MadePlacement, makePlacement } from "../../src/core/placement/makePlacement.ts";
import type { Policy } from "../../src/core/placement/policy.ts";
import { inProcess, inProcessPipe } from "../support/inProcess.ts";

const policy: Policy = { placement: "eplb", allocation: "lazarus", minReplicas: 1, seed: 0, failureProbability: 0.1, groups: 1 };
const cluster = uniformCluster(4, 3);
const place = (layers: readonly LayerLoads[]) => makePlacement(cluster, layers, policy);
const table = fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 6, maxLength: 6 }), {
  minLength: 2,
  maxLength: 2,
});
const layersOf = (loads: readonly (readonly number[])[]) => loads.map((row, layer) => ({ layer, loads: row }));

/** Worst balance over the scenarios, from the figures of plans. */
function worstOf(made: MadePlacement, scenarios: readonly (readonly (readonly number[])[])[]): number {
  const figures = scenarios.map((loads) => {
    const layers = made.layers.map((layer, l) => ({ ...layer, loads: loads[l]! }));
    return planBalance(cluster, layers).evenMean;
  });
  return Math.max(...figures);
}

test("of all plans tried the worst balance over the scenarios is least, where it beats the forecast's plan at all", () => {
  fc.assert(
    fc.property(table, fc.array(table, { minLength: 1, maxLength: 4 }), (expected, possible) => {
      const scenarios = possible.map((loads, s) => ({ name: `s${s}`, layers: layersOf(loads) }));
      const found = robustPlacement({ layers: layersOf(expected), scenarios, policy, place, survival: () => 1 });
      const plain = place(layersOf(expected));
      expect(found.plainWorst).toBeCloseTo(worstOf(plain, possible), 9);
      expect(found.worst).toBeCloseTo(worstOf(found.made, possible), 9);
      expect(found.made.layers.map(({ loads }) => loads)).toEqual(expected);
      const tried = possible.map((loads) => worstOf(place(layersOf(loads)), possible));
      const all = expected.map((row, l) => row.map((load, e) => Math.max(load, ...possible.map((loads) => loads[l]![e]!))));
      const least = Math.min(...tried, worstOf(place(layersOf(all)), possible));
      if (found.chosen === "forecast") expect(least).toBeGreaterThan(found.plainWorst - 1.01e-4);
      else expect(found.worst).toBeCloseTo(least, 9);
    }),
    { numRuns: 50 },
  );
});

test("whether a plan keeps the balance limit is said of the loads that it is for", () => {
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(table, table, fc.constantFrom(undefined, 0.3, 0.8), (expected, possible, balanceSlack) => {
      const limited: Policy = balanceSlack === undefined ? policy : { ...policy, balanceSlack };
      const scenarios = [{ name: "other", layers: layersOf(possible) }];
      const found = robustPlacement({ layers: layersOf(expected), scenarios, policy: limited, place, survival: () => 1 });
      fc.pre(found.chosen !== "forecast");
      const { even } = planBalance(cluster, found.made.layers);
      fc.pre(Math.abs(even - 1 - (balanceSlack ?? 0)) > 1e-3);
      expect(found.made.withinBalanceLimit).toBe(balanceSlack === undefined || even <= 1 + balanceSlack);
      if (balanceSlack !== undefined) seen.add(found.made.withinBalanceLimit);
    }),
    { numRuns: 40 },
  );
  expect(seen.size).toBe(2);
});

test("a plan that survives less is not taken, however even", () => {
  const expected = layersOf([[100, 1, 1, 1, 1, 1]]);
  const scenarios = [{ name: "other", layers: layersOf([[1, 1, 1, 1, 1, 100]]) }];
  const chosen = (survival: (made: MadePlacement) => number) =>
    robustPlacement({ layers: expected, scenarios, policy, place, survival }).chosen;
  expect(chosen(() => 1)).not.toBe("forecast");
  const plain = JSON.stringify(place(expected).layers[0]!.nodes);
  expect(chosen(({ layers }) => (JSON.stringify(layers[0]!.nodes) === plain ? 1 : 0.9))).toBe("forecast");
});

test("place --robust says what it gained, or that there was nothing to gain", async () => {
  const asked = "profile-load fixtures/routing.csv --forecast ensemble --horizon 3";
  const { stdout, stderr, code } = await inProcessPipe(asked, "place -n 6 -c 4 --placement eplb --robust");
  expect(code).toBe(0);
  const [, worst, plain] =
    /worst balance \(mean of its layers\) over 9 scenarios ([\d.]+), of the plan for the forecast alone ([\d.]+);/.exec(stderr)!;
  expect(Number(worst)).toBeLessThan(Number(plain));
  const profile = JSON.parse((await inProcessPipe(asked)).stdout);
  expect(JSON.parse(stdout).layers.map(({ loads }: LayerLoads) => loads)).toEqual(
    profile.layers.map(({ loads }: LayerLoads) => loads),
  );
  for (const scenario of profile.forecast.scenarios) scenario.layers = profile.layers;
  const same = await inProcess(["place", "-n", "6", "-c", "4", "--placement", "eplb", "--robust"], JSON.stringify(profile));
  expect(same.stderr).toMatch(/no plan has a lower worst balance .* it is the same plan/);
});

test.each([
  ["", "these loads are no forecast: `lazarus profile-load --forecast ensemble"],
  ["--forecast auto --horizon 2", "--forecast auto has none"],
])("place --robust without scenarios (%s) says how to get them", async (options, message) => {
  const { code, stderr } = await inProcessPipe(`profile-load fixtures/routing.csv ${options}`.trim(), "place -n 8 -c 4 --robust");
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("place --robust refuses what it would ignore", async () => {
  const asked = "profile-load fixtures/routing.csv --forecast ensemble --horizon 2";
  const auto = await inProcessPipe(asked, "place -n 8 -c auto --survive 1 --robust");
  expect(auto.stderr).toMatch(/leave one of them out/);
  expect((await inProcess(["place", "--audit", "x.json", "--robust"])).stderr).toMatch(/leave one of them out/);
});
