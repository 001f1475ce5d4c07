/** How the cost of whole processes grows with the cluster. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fixed } from "../report/table.ts";

const SIZES = [32, 64, 256, 2048];
const POLICIES = ["mro", "spread", "compact", "eplb", "balanced", "resilient"];
/** Seconds after which a command is left unfinished, and what Node is told to say in the end. */
const PATIENCE = 60;
const TELL = `process.on("exit",()=>{const u=process.resourceUsage();process.stderr.write("cost "+(u.userCPUTime+u.systemCPUTime)/1e6+" "+u.maxRSS/1024)})`;

/** Nodes, slots of one, and what placing by each policy and dispatching cost: "CPU s / MB", shape [sizes][columns]. */
export function growthRows(profile: string, folder: string, program: readonly string[]): string[][] {
  return SIZES.map((nodes) => {
    const plan = join(folder, `grown-${nodes}.json`);
    const run = (args: readonly string[]) => costOf([...program, ...args]);
    const cluster = ["-n", `${nodes}`, "--gpus", "8", "-c", "16"];
    const placed = POLICIES.map((placement) => run(["place", profile, ...cluster, "--placement", placement, "-o", plan]));
    run(["place", profile, ...cluster, "--placement", "mro", "-o", plan]);
    // A dispatch has a row for each expert and pair of ranks with tokens: beyond this the rows are what costs.
    const dispatched = nodes > 256 ? "" : run(["dispatch-plan", plan, "-o", join(folder, "grown-dispatch.json")]);
    return [`${nodes}`, ...placed, dispatched];
  });
}

/** Heads of the columns of `growthRows`. */
export const growthColumns = ["nodes", ...POLICIES.map((policy) => `place ${policy}`), "dispatch-plan"].map((head) => ({ head }));

/** CPU seconds and peak memory of a Node process. */
function costOf([command, ...args]: readonly string[]): string {
  const { status, stderr, error } = spawnSync(
    command!,
    ["--import", `data:text/javascript,${encodeURIComponent(TELL)}`, ...args],
    {
      encoding: "utf8",
      timeout: PATIENCE * 1000,
    },
  );
  if (error !== undefined || status === null) return `> ${PATIENCE} s`;
  const cost = /cost ([\d.]+) ([\d.]+)\s*$/.exec(stderr);
  // The table has the other figures all the same.
  if (status !== 0 || cost === null) return `exit ${status}`;
  return `${fixed(Number(cost[1]), 2)} / ${fixed(Number(cost[2]), 0)}`;
}
