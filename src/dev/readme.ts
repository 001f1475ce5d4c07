/** Fills README.md's console blocks with what the commands in them really print; with --check it only compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { runConsoleBlocks } from "./consoleBlocks.ts";

const before = readFileSync("README.md", "utf8");
const after = runConsoleBlocks(before);
if (!process.argv.includes("--check")) writeFileSync("README.md", after);
else if (after !== before) {
  const old = before.split("\n");
  const line = after.split("\n").findIndex((text, i) => text !== old[i]);
  process.stderr.write(`README.md:${line + 1}: the command prints something else now; run \`npm run docs\`\n`);
  process.exitCode = 1;
}
