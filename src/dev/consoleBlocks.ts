/** Markdown whose console blocks are run: what stands there is what the program prints. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Runs every line that begins with `$ ` in ```console blocks, one after the other in one scratch folder that holds the
 * fixtures, and puts what it prints below it. Exit codes other than 0 are printed as `(exit code N)`.
 */
export function runConsoleBlocks(markdown: string): string {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-docs-"));
  cpSync("fixtures", join(folder, "fixtures"), { recursive: true });
  try {
    return markdown.replace(
      /```console\n([\s\S]*?)```/g,
      (_, block: string) => `\`\`\`console\n${runBlock(block, folder)}\`\`\``,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runBlock(block: string, folder: string): string {
  const commands = block.split("\n").filter((line) => line.startsWith("$ "));
  return commands.map((command) => `${command}\n${printed(command.slice(2), folder)}`).join("");
}

function printed(command: string, folder: string): string {
  const script = `lazarus() { "${process.execPath}" "${resolve("bin/lazarus.js")}" "$@"; }\nset -o pipefail\n${command}`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return stdout + stderr + (status === 0 ? "" : `(exit code ${status})\n`);
}
