/** Writes man/* from the manual's texts and from the same data as --help; with --check it only says whether they are up to date. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { manPages } from "./manPages.ts";

const check = process.argv.includes("--check");
const stale: string[] = [];
mkdirSync("man", { recursive: true });
for (const [file, text] of await manPages()) {
  const path = `man/${file}`;
  if (check) {
    if (currentText(path) !== text) stale.push(path);
  } else writeFileSync(path, text);
}
if (stale.length > 0) {
  process.stderr.write(`out of date: ${stale.join(", ")}; run \`npm run man\`\n`);
  process.exitCode = 1;
}

function currentText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
