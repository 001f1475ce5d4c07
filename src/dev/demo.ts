/** `npm start`: the whole pipeline on the bundled routing log, with the commands a user would type. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const steps = [
  {
    says: "How skewed is the routing?",
    line: "lazarus profile-load fixtures/routing.csv --window last:5 --format table",
  },
  {
    says: "Where should the experts' replicas go, on 10 nodes with 6 slots each?",
    line: "lazarus profile-load fixtures/routing.csv --window last:5 | lazarus place -n 10 -c 6 -o $DEMO/placement.json && lazarus place --audit $DEMO/placement.json --format table",
  },
  {
    says: "Which rank sends how many tokens where?",
    line: "lazarus dispatch-plan $DEMO/placement.json --format table",
  },
  {
    says: "Two nodes fail: does every expert survive, and what moves?",
    line: "lazarus recover $DEMO/placement.json --failed node4,node7 -o $DEMO/recovery.json && lazarus recover $DEMO/placement.json --failed node4,node7 --format table",
  },
  {
    says: "Training goes on with eight nodes",
    line: "lazarus dispatch-plan $DEMO/recovery.json --format table",
  },
];

const folder = mkdtempSync(join(tmpdir(), "lazarus-demo-"));
const color = process.stdout.isTTY === true && !process.env["NO_COLOR"];
const style = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
try {
  for (const { says, line } of steps) {
    process.stdout.write(`\n${style(1, says)}\n${style(2, `$ ${line}`)}\n\n`);
    const shell = `lazarus() { "${process.execPath}" bin/lazarus.js "$@"; }\nset -e\n${line}`;
    const env = { ...process.env, DEMO: folder, ...(color ? { FORCE_COLOR: "1" } : {}) };
    const { status } = spawnSync("sh", ["-c", shell], { stdio: ["ignore", "inherit", "inherit"], env });
    if (status !== 0) throw new Error(`the step ended with exit code ${status}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
