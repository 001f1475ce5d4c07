/** What stands in the README's walk-throughs and in the manual's pages is what the commands print; `npm run docs` brings it up to date. */
import { expect, test } from "vitest";
import { runConsoleBlocks } from "../../src/dev/consoleBlocks.ts";
import { textsWithExamples } from "../../src/dev/textsWithExamples.ts";

const [readme, ...pages] = textsWithExamples().map(({ parts }) => parts.filter(({ text }) => text.includes("```console")));

test("the README has three walk-throughs, and a reference behind them", () => {
  expect(readme!.map(({ name }) => name)).toEqual(["Training on Slurm", "Serving", "Research", "Reference"]);
});

// Side by side, and with much time on a busy machine: it is that of the programs that they start.
test.concurrent.each([...readme!, ...pages.flat()])("$name", { timeout: 600_000 }, async ({ text }) => {
  expect(await runConsoleBlocks(text)).toBe(text);
});
