/** What a whole process costs. */
import { spawnSync } from "node:child_process";

/** Seconds, of all the processes that a shell line starts. */
export interface ProcessCost {
  readonly cpu: number;
  readonly wall: number;
}

/**
 * Runs a line of bash, whose own start does not count.
 * @param out file that takes what the line prints
 * @throws Error when the line fails
 */
export function processCost(line: string, out: string): ProcessCost {
  const script = `begin=$EPOCHREALTIME\n{ ${line}; } > "$0" || exit 1\necho $begin $EPOCHREALTIME\ntimes`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script, out], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  if (status !== 0) throw new Error(`${line}: ${stderr}`);
  const [clock = "", , children = ""] = stdout.split("\n");
  const [begin = 0, end = 0] = clock.split(" ").map(Number);
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds));
  return { cpu: times.reduce((sum, seconds) => sum + seconds, 0), wall: end - begin };
}
