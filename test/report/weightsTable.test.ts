import { expect, test } from "vitest";
import { paint } from "../../src/report/paint.ts";
import { weightsTable } from "../../src/report/weightsTable.ts";

const layer = (id: number) => ({
  layer: id,
  weights: Array.from({ length: 20 }, (_, expert) => {
    const ranks = expert === 7 ? 16 : expert === 3 ? 1 : 2;
    return Array.from({ length: ranks }, (_, rank): [number, number, number] => [expert, 100 + rank, 1 / ranks]);
  }).flat(),
});
const document = { type: "dispatch-weights", version: 1, ranks: 128, layers: [layer(4), layer(5)] } as const;
const table = (isChosen: boolean) => weightsTable({ ...document, layers: [...document.layers] }, paint(false), 80, isChosen);

test("says what is to be shared, then shows the experts on the most ranks, within the width", () => {
  const text = table(false);
  expect(text).toMatch(/^Weights of replicas: 128 ranks, 2 layers\n38 of 40 experts are on several ranks; the others need no/);
  const lines = text.split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => /^ +[45] +7 +16 {2}100: 6\.3 %/.test(line))).toHaveLength(2);
  expect(text.match(/115: 6\.3 %/g)).toHaveLength(2);
  expect(text).toContain("The other 35 experts: on at most 2 ranks; --layers 4 shows a layer");
});

test("layers that were chosen are shown whole", () => {
  expect(table(true).match(/^ +[45] +\d+ +\d+ {2}1/gm)).toHaveLength(40);
  expect(table(true)).not.toContain("The other");
});
