import { expect, test } from "vitest";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
import { makePlacement } from "../../src/core/placement/makePlacement.ts";
import { PLACEMENT_POLICIES } from "../../src/core/placement/policy.ts";
import { WindowError } from "../../src/core/profile/windowError.ts";

test("a refusal has a name, and says what to change where it is one thing", () => {
  const plain = new Infeasible("too many experts");
  expect([plain.name, plain.message, "about" in plain && plain.about !== undefined]).toEqual([
    "Infeasible",
    "too many experts",
    false,
  ]);
  expect(new Infeasible("too many experts", "slots").about).toBe("slots");
  const window = new WindowError("iterations must rise", { iteration: 7, layer: 2 });
  expect(window).toBeInstanceOf(Infeasible);
  expect([window.name, window.iteration, window.layer]).toEqual(["WindowError", 7, 2]);
  expect([new WindowError("empty").iteration, new WindowError("empty").layer]).toEqual([undefined, undefined]);
});

test.each(PLACEMENT_POLICIES)("%s refuses nodes without slots by name", (placement) => {
  const cluster = [4, 0, 4].map((slots, n) => ({ name: `gpu${n}`, slots, gpus: 1 }));
  const policy = { placement, allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
  const place = () => makePlacement(cluster, [{ layer: 0, loads: [5, 4, 3, 2] }], policy);
  expect(place).toThrow(new Infeasible("gpu1 has no slots and can hold no expert; leave it out"));
});
