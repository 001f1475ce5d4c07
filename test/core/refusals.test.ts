import { expect, test } from "vitest";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
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
