/** Places that do not take what is written: full disks, folders that are read-only, streams that are closed. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { inOrder, leftIn, program, type Row, type Stage, started } from "./stage.ts";

/** A disk with less room than any result needs. */
export async function fullDisk(stage: Stage): Promise<Row> {
  return onDisk(stage, "full disk", "size=4k", []);
}

/** A disk that takes nothing. */
export async function readOnly(stage: Stage): Promise<Row> {
  return onDisk(stage, "read-only folder", "size=4k", ["-o", "remount,ro"]);
}

async function onDisk(stage: Stage, fault: string, size: string, then: readonly string[]): Promise<Row> {
  const disk = join(stage.folder, "disk");
  mkdirSync(disk, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", size, "lazarus-faults", disk]).status === 0;
  if (!mounted) return { fault, runs: 0, half: 0, left: 0, odd: 0, note: "no disk can be mounted here" };
  try {
    if (then.length > 0 && spawnSync("mount", [...then, disk]).status !== 0)
      return { fault, runs: 0, half: 0, left: 0, odd: 0, note: "it cannot be mounted read-only here" };
    let odd = 0;
    const commands = Object.values(stage.commands);
    for (const words of commands) {
      const end = await started([...words, "-o", join(disk, "result")]).ended;
      if (!inOrder(end, [1])) odd++;
    }
    return { fault, runs: commands.length, half: 0, left: leftIn(disk), odd };
  } finally {
    spawnSync("umount", [disk]);
  }
}

/** Streams that are closed from the beginning, or by a reader that has enough. */
export async function closedStreams(stage: Stage): Promise<Row> {
  const endings = [">&-", "<&- >/dev/null", "2>&- >/dev/null", "| head -c 1 >/dev/null", "| true"];
  let [runs, odd] = [0, 0];
  for (const words of Object.values(stage.commands)) {
    for (const ending of endings) {
      const line = `set -o pipefail; "$0" "$@" ${ending}`;
      const { status, stderr, error } = spawnSync("bash", ["-c", line, process.execPath, program, ...words], {
        encoding: "utf8",
        timeout: 60_000,
      });
      runs++;
      const end = { code: status, signal: null, stderr, hung: error !== undefined };
      if (!inOrder(end, [0, 1])) odd++;
    }
  }
  return { fault: "closed streams", runs, half: 0, left: leftIn(join(stage.folder, "out")), odd };
}
