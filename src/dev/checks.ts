/**
 * What `npm test` checks beside the tests: types, style, unused code, man pages, the README's examples. In two lanes side by side, as
 * the examples take about as long as all others together. What a check prints is shown when it ends; all of them run to their end.
 */
import { spawn } from "node:child_process";

const lanes = [
  [["tsc"], ["biome", "check", "--error-on-warnings"], ["knip"], ["node", "dist/dev/man.js", "--check"]],
  [["node", "dist/dev/readme.js", "--check"]],
];

const results = await Promise.all(
  lanes.map(async (lane) => {
    let passed = true;
    for (const [program, ...words] of lane) passed = (await passes(program!, words)) && passed;
    return passed;
  }),
);
if (!results.every((passed) => passed)) process.exitCode = 1;

/** Runs a program and prints what it says, with its name where it fails. */
function passes(program: string, words: readonly string[]): Promise<boolean> {
  const said: Buffer[] = [];
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32" });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => said.push(bytes));
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      process.stdout.write(Buffer.concat(said));
      if (code !== 0) process.stderr.write(`${[program, ...words].join(" ")} failed\n`);
      settle(code === 0);
    });
  });
}
