/** Markdown whose console blocks are run: what stands there is what the program prints. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Runs every line that begins with `$ ` in ```console blocks, one after the other in one scratch folder that holds the
 * fixtures, and puts what it prints below it. Exit codes other than 0 are printed as `(exit code N)`.
 */
export async function runConsoleBlocks(markdown: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-docs-"));
  cpSync("fixtures", join(folder, "fixtures"), { recursive: true });
  try {
    let text = "";
    let end = 0;
    for (const { index, 0: whole, 1: block } of markdown.matchAll(/```console\n([\s\S]*?)```/g)) {
      text += `${markdown.slice(end, index)}\`\`\`console\n${await runBlock(block!, folder)}\`\`\``;
      end = index + whole.length;
    }
    return text + markdown.slice(end);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runBlock(block: string, folder: string): Promise<string> {
  let text = "";
  for (const command of block.split("\n").filter((line) => line.startsWith("$ "))) {
    text += `${command}\n${await printed(command.slice(2), folder)}`;
  }
  return text;
}

function printed(command: string, folder: string): Promise<string> {
  const script = `lazarus() { "${process.execPath}" "${resolve("bin/lazarus.js")}" "$@"; }\nset -o pipefail\n${command}`;
  const child = spawn("bash", ["-c", script], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code) => settle(stdout + stderr + (code === 0 ? "" : `(exit code ${code})\n`)));
  });
}
