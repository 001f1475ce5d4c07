/** Fills the console blocks of README.md and of the manual's pages with what the commands in them really print. */
import { writeFileSync } from "node:fs";
import { runConsoleBlocks } from "./consoleBlocks.ts";
import { textsWithExamples } from "./textsWithExamples.ts";

for (const { path, parts } of textsWithExamples()) {
  const printed: string[] = [];
  for (const { text } of parts) printed.push(await runConsoleBlocks(text));
  writeFileSync(path, printed.join(""));
}
