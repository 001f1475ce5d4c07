import { beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const cluster = ["-n", "4", "-c", "6", "--gpus", "2"];
let profile = "";
beforeAll(async () => {
  profile = (await inProcess(["profile-load"], "[[90, 40, 30, 20, 10, 5, 5, 1]]")).stdout;
});

interface Made {
  readonly policy: { readonly shares?: string };
  readonly cost: { readonly shares: string };
  readonly balance: { readonly even: number; readonly optimal: number };
}

const place = (...words: string[]) => inProcess(["place", ...cluster, ...words], profile);
const made = async (...words: string[]) => JSON.parse((await place(...words, "--format", "json")).stdout) as Made;

describe("shares", () => {
  test.each([
    ["resilient", "free"],
    ["balanced", "free"],
    ["eplb", "even"],
    ["mro", "even"],
    ["spread", "even"],
    ["compact", "even"],
  ])("%s records %s, and dispatch-plan follows", async (policy, shares) => {
    const plan = await place("--placement", policy, "-f", "1", "--format", "json");
    expect(JSON.parse(plan.stdout)).toMatchObject({ policy: { shares }, cost: { shares } });
    const dispatch = await inProcess(["dispatch-plan"], plan.stdout);
    expect(JSON.parse(dispatch.stdout).policy).toBe(shares === "even" ? "lazarus" : "balanced");
    expect(JSON.parse((await inProcess(["dispatch-plan", "--policy", "balanced"], plan.stdout)).stdout).policy).toBe("balanced");
  });

  test.each(["resilient", "balanced"])(
    "%s places for even shares when asked to, and recover and audits keep them",
    async (policy) => {
      const [even, free] = [
        await place("--placement", policy, "--shares", "even", "--format", "json"),
        await made("--placement", policy),
      ];
      const document = JSON.parse(even.stdout) as Made;
      expect(document).toMatchObject({ policy: { shares: "even" }, cost: { shares: "even" } });
      expect(document.balance.even).toBeLessThan(free.balance.even);
      const recovered = await inProcess(["recover", "--failed", "node3"], even.stdout);
      expect(JSON.parse(recovered.stdout).placement).toMatchObject({ policy: { shares: "even" }, cost: { shares: "even" } });
      const asked = await inProcess(["recover", "--failed", "node3", "--shares", "free"], even.stdout);
      expect(JSON.parse(asked.stdout).placement.policy.shares).toBe("free");
      const audited = await inProcess(["place", "--audit", "-"], even.stdout);
      expect(JSON.parse(audited.stdout)).toMatchObject({ policy: { shares: "even" }, cost: { shares: "even" } });
    },
  );

  test("an engine's format means even shares, which a line says, unless the option or the document says otherwise", async () => {
    const [usual, even, free] = [
      await place("--format", "sglang"),
      await place("--format", "sglang", "--shares", "even"),
      await place("--format", "sglang", "--shares", "free"),
    ];
    expect(usual.stdout).toBe(even.stdout);
    expect(usual.stdout).not.toBe(free.stdout);
    expect(usual.stderr).toMatch(/even shares.*--shares free fits SGLang with --ep-dispatch-algorithm lp/);
    expect(even.stderr + free.stderr).not.toContain("--ep-dispatch-algorithm");
    const document = (await place("--format", "json")).stdout;
    const recovered = await inProcess(["recover", "--failed", "node3", "--format", "vllm"], document);
    expect(recovered.stderr).toMatch(/counts on free shares .*; place or recover with --shares even/);
    const { placement } = JSON.parse((await inProcess(["recover", "--failed", "node3", "--format", "json"], document)).stdout);
    expect(recovered.stderr).toContain(
      `${placement.balance.even.toFixed(3)} of the mean on the busiest GPU instead of ${placement.balance.optimal.toFixed(3)}`,
    );
    const told = await inProcess(["recover", "--failed", "node3", "--format", "vllm", "--shares", "free"], document);
    expect(told.stderr).not.toContain("counts on free shares");
  });

  test("what has no even or no free form is refused with what to do", async () => {
    const fixed = await place("--placement", "mro", "--shares", "free");
    expect(fixed).toMatchObject({ code: 2, stderr: expect.stringContaining("mro counts on even shares") });
    const job = (...words: string[]) =>
      inProcess(["place", "-n", "4", "-c", "6", "--effort", "fast", ...words, ...goal], profile);
    const goal = ["--step-budget", "1", "--model", "gpt-s", "--hardware", "rtx3090", "--format", "json"];
    const refused = await job("--shares", "even");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("ask for --shares free") });
    expect((await job("--shares", "free")).code).toBe(0);
  });
});
