/** Processes that are killed, interrupted, or write to one file together. */
import { mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomSource } from "../../core/algorithms/random.ts";
import { contentOf, inOrder, leftIn, type Row, type Stage, started } from "./stage.ts";

/** Kills of each command; the first word of the command line says otherwise. */
const KILLS = Number(process.argv[2] ?? 200);
const WRITERS = 12;
const INTERRUPTS = 10;
/** Seconds in which all processes of an interrupted rehearsal have to be gone. */
const GRACE_SECONDS = 20;

/** Kills a command at random times: the file stays the old one, or is the whole new one. */
export async function killed(stage: Stage, name: string): Promise<Row> {
  const random = randomSource(1);
  const folder = join(stage.folder, `out-${name}`);
  mkdirSync(folder);
  const file = join(folder, "result");
  const words = [...stage.commands[name]!, "-o", file];
  const begun = performance.now();
  await started(words).ended;
  const duration = performance.now() - begun;
  let [half, odd, early, during] = [0, 0, 0, 0];
  for (let run = 0; run < KILLS; run++) {
    writeFileSync(file, "old");
    const { child, ended } = started(words);
    const kill = () => child.kill("SIGKILL");
    // Half of the kills come at any time, the others while the file is being written, however short that is.
    const soon = () => setTimeout(kill, random.uniform() * 10);
    const writing = run % 2 > 0 ? watch(folder, (_, found) => found?.endsWith(".part") && soon()) : undefined;
    const timer = writing === undefined ? setTimeout(kill, random.uniform() * duration * 1.1) : undefined;
    const end = await ended;
    clearTimeout(timer);
    writing?.close();
    if (readdirSync(folder).some((found) => found.endsWith(".part"))) during++;
    if (end.signal === null && !inOrder(end, [0])) odd++;
    const found = contentOf(file);
    if (found === "old") early++;
    else if (found !== stage.whole[name]) half++;
    for (const left of readdirSync(folder)) rmSync(join(folder, left));
  }
  return {
    fault: `kill -9, ${name}`,
    runs: KILLS,
    half,
    left: undefined,
    odd,
    note: `${early} before it was whole, ${during} while it was written`,
  };
}

/** Several processes write the same file at once: in the end it is whole, and nothing else is there. */
export async function writersTogether(stage: Stage): Promise<Row> {
  const folder = join(stage.folder, "out");
  const file = join(folder, "result");
  const words = stage.commands["profile-load"]!;
  const ends = await Promise.all(Array.from({ length: WRITERS }, () => started([...words, "-o", file]).ended));
  const half = Number(contentOf(file) !== stage.whole["profile-load"]);
  const left = leftIn(folder, ["result"]);
  rmSync(file, { force: true });
  return { fault: "writers of one file", runs: WRITERS, half, left, odd: ends.filter((end) => !inOrder(end, [0])).length };
}

/** Interrupts of a rehearsal: it ends, and so do all its processes. */
export async function interruptedRehearsals(stage: Stage): Promise<Row> {
  const folder = join(stage.folder, "out");
  const small = join(stage.folder, "small");
  const placed = started(["place", join(stage.folder, "profile"), "-n", "10", "-c", "6", "--placement", "mro", "-o", small]);
  await placed.ended;
  let [odd, left] = [0, 0];
  for (let run = 0; run < INTERRUPTS; run++) {
    const words = ["recover", small, "--failed", "node3", "--rehearse", "-q", "-o", join(folder, "result")];
    const { child, ended } = started(words);
    const timer = setTimeout(() => child.kill("SIGINT"), 100 + 150 * run);
    const end = await ended;
    clearTimeout(timer);
    if (end.signal !== "SIGINT" && !inOrder(end, [0])) odd++;
    // Those that were still starting end once they have: on a busy machine that takes seconds.
    const remaining = () => rehearsing(stage.folder) + leftIn(folder, ["result"]);
    for (let tries = 0; tries < GRACE_SECONDS && remaining() > 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 1000));
    left += remaining();
  }
  return { fault: "SIGINT to a rehearsal", runs: INTERRUPTS, half: 0, left, odd };
}

/** Processes of rehearsals whose director is gone: init, or whoever takes its place, is their parent now. */
function rehearsing(folder: string): number {
  return readdirSync("/proc").filter((entry) => {
    try {
      if (!/^\d+$/.test(entry)) return false;
      const isNode = readFileSync(`/proc/${entry}/cmdline`, "utf8").includes("rehearsal/node.js");
      return isNode && readFileSync(`/proc/${entry}/environ`, "utf8").includes(`LAZARUS_FAULTS=${folder}`);
    } catch {
      return false; // It ended meanwhile.
    }
  }).length;
}
