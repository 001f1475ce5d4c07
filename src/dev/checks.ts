/** What `npm test` checks beside the tests: types, style, unused code, man pages. All of them run, side by side; what they print is shown as they end. */
import { spawn } from "node:child_process";

// As in bin/lazarus.js: Node.js 20 optimises too early, and tsc takes a fifth longer for it.
const late = process.version.startsWith("v20.") ? ["--interrupt-budget=270000"] : [];
const checks = [
  [process.execPath, ...late, "node_modules/typescript/bin/tsc"],
  ["biome", "check", "--error-on-warnings"],
  ["knip"],
  [process.execPath, "dist/dev/man.js", "--check"],
];

const passed = await Promise.all(checks.map(([program, ...words]) => passes(program!, words)));
if (passed.includes(false)) process.exitCode = 1;

/** Runs a program and prints what it says, with its name where it fails. */
function passes(program: string, words: readonly string[]): Promise<boolean> {
  const said: Buffer[] = [];
  const shell = process.platform === "win32" && program !== process.execPath;
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], shell });
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
