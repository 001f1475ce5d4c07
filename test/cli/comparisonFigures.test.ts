/** Whatever the plans: what `compare` says of them is what `place --audit`, `dispatch-plan` and `recover` say. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { ComparisonDocument } from "../../src/formats/documents/comparison.ts";
import type { PlacementDocument } from "../../src/formats/documents/placement.ts";
import type { RecoveryPlanDocument } from "../../src/formats/documents/recoveryPlan.ts";
import { drawnPlans } from "../support/comparison.ts";
import { inProcess } from "../support/inProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-figures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const RUNS = process.env["FUZZ_RUNS"] === undefined ? { numRuns: 5 } : {};
const EXPERT_BYTES = 3_000_000;
const TIERS = ["rank", "node", "domain", "remote"] as const;

function kept(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
async function json<T>(line: string): Promise<T> {
  const { code, stdout, stderr } = await inProcess(line.split(" "));
  expect([0, 3], stderr).toContain(code);
  return JSON.parse(stdout);
}

const sizes = fc.record({
  nodes: fc.integer({ min: 2, max: 4 }),
  gpus: fc.integer({ min: 1, max: 2 }),
  domains: fc.constantFrom(undefined, 2),
  layers: fc.integer({ min: 1, max: 2 }),
});
const cases = sizes.chain(({ nodes, gpus, domains, layers }) =>
  fc.record({
    plans: drawnPlans({
      ranks: nodes * gpus,
      gpus,
      experts: Math.min(5, 2 * nodes * gpus),
      slotsOfARank: 2,
      layers,
      plans: 2,
      ...(domains === undefined ? {} : { domains }),
    }).filter(([plan]) => plan!.layers.every(({ loads }) => loads.some((load) => load > 0))),
    shares: fc.constantFrom("even", "free"),
    failed: fc.nat(nodes - 1),
    factors: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 5, maxLength: 5 }),
  }),
);

/** Shares of the tokens of dispatch-plans by what source and target have in common. */
function tiersOf({ nodes }: PlacementDocument, { layers }: Dispatch): Record<(typeof TIERS)[number], number> {
  const nodeOf = nodes.flatMap(({ gpus }, node) => new Array<number>(gpus ?? 1).fill(node));
  const tokens = { rank: 0, node: 0, domain: 0, remote: 0 };
  for (const { entries } of layers) {
    for (const [, from, to, count] of entries) {
      const [source, target] = [nodes[nodeOf[from]!]!, nodes[nodeOf[to]!]!];
      const isNear = source.domain !== undefined && source.domain === target.domain;
      tokens[from === to ? "rank" : source === target ? "node" : isNear ? "domain" : "remote"] += count;
    }
  }
  const all = TIERS.reduce((sum, tier) => sum + tokens[tier], 0);
  return { ...tokens, ...Object.fromEntries(TIERS.map((tier) => [tier, tokens[tier] / all])) };
}

test("balance, survival, traffic, moves and bytes of any plans", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ plans, shares, failed, factors }) => {
      const { cluster, layers } = plans[0]!;
      const nodes = kept("nodes.json", JSON.stringify(cluster));
      const profile = (name: string, factorOf: (expert: number) => number) => {
        const loads = layers.map((layer) => layer.loads.map((load, expert) => load * factorOf(expert)));
        return kept(name, JSON.stringify([loads]));
      };
      const loads = profile("loads.json", () => 1);
      const audits: PlacementDocument[] = [];
      const files: string[] = [];
      for (const [p, plan] of plans.entries()) {
        const engine = kept("engine.json", JSON.stringify(plan.layers.map((layer) => layer.nodes.flat())));
        const audit = await json<PlacementDocument>(`place --audit ${engine} --cluster ${nodes} --profile ${loads}`);
        audits.push(audit);
        files.push(kept(`plan${p}.json`, JSON.stringify(audit)));
      }
      const terms = `--shares ${shares} --expert-bytes ${EXPERT_BYTES}`;
      const compared = await json<ComparisonDocument>(`compare ${files.join(" ")} ${terms}`);
      for (const [p, plan] of compared.plans.entries()) {
        const { balance, recovery } = audits[p]!;
        const close = (value: number) => expect.closeTo(value, 12);
        const { even, evenMean, optimal, optimalMean } = balance!;
        expect(plan.balance).toEqual({
          even: close(even),
          evenMean: close(evenMean!),
          optimal: close(optimal),
          optimalMean: close(optimalMean!),
        });
        expect([plan.survival, plan.tolerates]).toEqual([recovery!.survival, recovery!.tolerates]);
        const first = (level: { failures: readonly { failed: number; probability: number }[] }) =>
          level.failures.slice(0, 4).map(({ failed: count, probability }) => ({ failed: count, probability }));
        expect(plan.failures).toEqual(first(recovery!));
        for (const [unit, level] of Object.entries(recovery!.byUnit ?? {})) {
          if (level === undefined) continue;
          const { count, tolerates, survival } = level;
          expect(plan.byUnit![unit as "gpu"]).toEqual({ count, tolerates, survival, failures: first(level) });
        }
        const policy = shares === "even" ? "lazarus" : "balanced";
        const tiers = tiersOf(audits[p]!, await json<Dispatch>(`dispatch-plan ${files[p]} --policy ${policy}`));
        for (const tier of TIERS) expect(plan.traffic![tier]).toBeCloseTo(tiers[tier], 12);
        expect(plan.bytesMoved).toBe(plan.moved! * EXPERT_BYTES);
      }
      expect(compared.plans[0]!.moved).toBe(0);

      // The way to newer loads on the same nodes, as recover goes it.
      const later = profile("later.json", (expert) => factors[expert % factors.length]!);
      const change = await json<RecoveryPlanDocument>(
        `recover ${files[0]} --placement spread --profile ${later} --expert-bytes ${EXPERT_BYTES}`,
      );
      const recovered = kept("recovered.json", JSON.stringify(change));
      const both = await json<ComparisonDocument>(`compare ${files[0]} ${recovered} --profile ${later} ${terms}`);
      const after = both.plans[1]!;
      expect(after.moved).toBe(change.moved);
      expect(after.bytesMoved).toBe(change.transfers!.reduce((sum, { bytes }) => sum + bytes, 0));
      const made = change.placement!;
      expect(after.balance.even).toBeCloseTo(made.balance!.even, 12);
      expect(after.balance.optimal).toBeCloseTo(made.balance!.optimal, 12);
      expect([after.survival, after.tolerates]).toEqual([made.recovery!.survival, made.recovery!.tolerates]);

      // After a failure nodes differ: figures are the recovery-plan's, and of moves nothing is said.
      const name = cluster[failed]!.name;
      const less = await json<RecoveryPlanDocument>(
        `recover ${files[0]} --placement spread --failed ${name} --spill cpu --expert-bytes 1MB`,
      );
      if (!less.recoverable || (less.placement!.spilled ?? []).length > 0) return;
      const smaller = kept("smaller.json", JSON.stringify(less));
      const { failureProbability } = less.placement!.recovery!;
      const { plans: apart } = await json<ComparisonDocument>(
        `compare ${files[0]} ${smaller} --shares ${shares} --failure-probability ${failureProbability}`,
      );
      expect(apart[1]!.moved).toBeUndefined();
      expect(apart[1]!.survival).toBe(less.placement!.recovery!.survival);
      expect(apart[1]!.balance.even).toBeCloseTo(less.placement!.balance!.even, 12);
    }),
    { ...RUNS, endOnFailure: true },
  );
});

interface Dispatch {
  readonly layers: readonly { readonly entries: readonly (readonly [number, number, number, number])[] }[];
}
