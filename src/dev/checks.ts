/** What `npm test` checks beside the tests: types, style, unused code, man pages. All of them run; what they print is shown as they end. */
import { spawn } from "node:child_process";

const checks = [["tsc"], ["biome", "check", "--error-on-warnings"], ["knip"], ["node", "dist/dev/man.js", "--check"]];

for (const [program, ...words] of checks) if (!(await passes(program!, words))) process.exitCode = 1;

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
