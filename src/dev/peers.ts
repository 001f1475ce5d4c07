/**
 * `npm run peers`: real loaders on plans that lazarus writes, and real writers' files through lazarus. Needs Python 3.11.
 * Arguments choose checks, all without; `--cached` never makes the environment. Exit 1 when something differs, 2 when it cannot run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paint } from "../report/paint.ts";
import { textTable } from "../report/table.ts";
import { cachedEnvironment, makeEnvironment } from "./peers/environment.ts";
import { checkEplb } from "./peers/eplb.ts";
import { checkPlans } from "./peers/plans.ts";
import { checkRecorder } from "./peers/recorder.ts";
import { checkMegatron, checkParquet, checkTables } from "./peers/records.ts";
import { Workplace } from "./peers/workplace.ts";

const checks = {
  plans: checkPlans,
  eplb: checkEplb,
  recorder: checkRecorder,
  megatron: checkMegatron,
  parquet: checkParquet,
  tables: checkTables,
};
const words = process.argv.slice(2);
const chosen = Object.entries(checks).filter(([name]) => words.includes(name));
const folder = mkdtempSync(join(tmpdir(), "lazarus-peers-files-"));
try {
  const environment = cachedEnvironment() ?? (words.includes("--cached") ? undefined : makeEnvironment());
  if (environment === undefined) throw new Error("there is no environment yet; npm run peers makes it");
  const work = new Workplace(environment, folder);
  const outcomes = (chosen.length > 0 ? chosen : Object.entries(checks)).flatMap(([, check]) => check(work));
  process.stdout.write(
    textTable(
      ["PEER", "VERSION", "CASE", "RESULT", "REASON"].map((head) => ({ head, align: "left" })),
      outcomes.map(({ peer, version, case: tested, result, reason }) => [peer, version, tested, result, reason]),
      paint(false),
    ),
  );
  if (outcomes.some(({ result }) => result === "differs")) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`peers: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
