import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { agesTable } from "../../src/dev/compareAges.ts";
import { haveSharedData, root, sharedData, withoutSharedData } from "../support/lazarus.ts";

test.skipIf(!haveSharedData)(
  `README's table of ages is what npm run compare -- ages prints (skipped where ${withoutSharedData})`,
  async () => {
    const table = await agesTable(`${sharedData}/smartmoe/layer_loads.csv.gz`);
    expect(readFileSync(`${root}README.md`, "utf8")).toContain(table.join("\n"));
  },
);
