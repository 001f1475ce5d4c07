/** The controllers of the README and of lazarus-controllers(7), from their own texts, with stand-ins for the cluster managers and for the job. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fingerprintOf } from "../../src/io/fingerprint.ts";
import { documented } from "../support/documented.ts";
import { inProcess } from "../support/inProcess.ts";
import { type Run, root } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const text = (name: string) => readFileSync(at(name), "utf8");
const started: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-controllers-"));
  mkdirSync(at("bin"));
  mkdirSync(at("shared"));
  const place = ["place", "-n", "gpu[01-10]", "-c", "6", "--placement", "mro", "-o", at("shared/plan.json")];
  expect((await inProcess(place, "[[9,7,5,3,2,1,1,1],[1,2,3,5,7,9,9,9]]")).code).toBe(0);
  copyFileSync(at("shared/plan.json"), at("first.json"));
  for (const [, script = "", name = ""] of documented.matchAll(/```sh\n(#!\/bin\/sh\n# (lazarus-\w+):[\s\S]*?)```/g))
    program(name, script);
  program("lazarus", `#!/bin/sh\nexec "${process.execPath}" "${root}bin/lazarus.js" "$@"\n`);
  program("carry-out", `#!/bin/sh\ncat "$1" >> "${at("carried")}"\n`);
  writeFileSync(at("carried"), "");
}, 60_000);
afterEach(() => {
  for (const { pid } of started.splice(0)) endGroup(pid);
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, script: string): void {
  writeFileSync(at(`bin/${name}`), script);
  chmodSync(at(`bin/${name}`), 0o755);
}

/** Starts a script in a group of its own. */
function start(name: string): ChildProcess & { readonly done: Promise<Run> } {
  const env = {
    ...process.env,
    PATH: `${at("bin")}:${process.env["PATH"]}`,
    LAZARUS_PLAN: at("shared/plan.json"),
    LAZARUS_CARRY_OUT: "carry-out",
    LAZARUS_PAUSE: "0",
  };
  const child = spawn("sh", [at(`bin/${name}`)], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const done = new Promise<Run>((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  return Object.assign(child, { done });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

const epilog = () => start("lazarus-epilog").done;
const sinfo = (down: readonly string[]) => {
  const rows = Array.from({ length: 10 }, (_, i) => `gpu${String(i + 1).padStart(2, "0")}`);
  const table = rows.map((name) => `${name} ${down.includes(name) ? "down*" : "allocated"}`).join("\n");
  writeFileSync(at("nodes.txt"), `NODELIST STATE\n${table}\nlogin1 down\n`);
  program("sinfo", `#!/bin/sh\ncat "${at("nodes.txt")}"\n`);
};
/** The plan that is there. */
const plan = () => JSON.parse(text("shared/plan.json"));
/** What the job has carried out, plan by plan. */
const carried = () =>
  text("carried")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const generations = () => carried().map(({ generation }) => generation);
const left = () => readdirSync(at("shared")).sort();
const NOTHING_LEFT = ["plan.json", "plan.json.lock", "plan.json.running"];

const hasFlock = spawnSync("sh", ["-c", "command -v flock"]).status === 0;
const unlocked = hasFlock ? "" : " (skipped: there is no flock)";

test("without a lock, of those who replace a plan at once each follows another, or is refused", async () => {
  const names = ["gpu01", "gpu02", "gpu03", "gpu04", "gpu05"];
  for (const name of names)
    program(
      `fail-${name}`,
      `#!/bin/sh\nexec lazarus recover "$LAZARUS_PLAN" --failed ${name} --effort fast -o "$LAZARUS_PLAN"\n`,
    );
  const runs = await Promise.all(names.map((name) => start(`fail-${name}`).done));
  const won = names.filter((_, i) => runs[i]!.code === 0);
  for (const { code, stderr } of runs.filter(({ code }) => code !== 0))
    expect([code, stderr]).toEqual([2, expect.stringMatching(/replaced while this plan was made from it/)]);
  expect(won.length).toBeGreaterThan(0);
  expect(plan()).toMatchObject({ generation: won.length });
  expect(plan().failedSoFar.toSorted()).toEqual(won);
  expect(left()).toEqual(["plan.json"]);
});

describe.skipIf(!hasFlock)(`the Slurm epilog${unlocked}`, () => {
  test("recovers twice in a row, and the same failures once", async () => {
    sinfo(["gpu03"]);
    expect((await epilog()).code).toBe(0);
    sinfo(["gpu03", "gpu05"]);
    expect((await epilog()).code).toBe(0);
    const before = text("shared/plan.json");
    const again = await epilog();
    expect(again).toMatchObject({ code: 0, stderr: expect.stringMatching(/already handled .*gpu03, gpu05/) });
    expect(text("shared/plan.json")).toBe(before);
    expect(carried()).toMatchObject([
      { generation: 1, failed: ["gpu03"], failedSoFar: ["gpu03"] },
      { generation: 2, failed: ["gpu05"], failedSoFar: ["gpu03", "gpu05"] },
    ]);
    expect(left()).toEqual(NOTHING_LEFT);
  });

  test("two at once: both failures are in the plan, one after the other, and no file of theirs is left", async () => {
    sinfo(["gpu03"]);
    const first = epilog();
    sinfo(["gpu03", "gpu05"]);
    const runs = await Promise.all([first, epilog(), epilog()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(plan().failedSoFar.toSorted()).toEqual(["gpu03", "gpu05"]);
    expect(
      carried()
        .flatMap(({ failed }) => failed)
        .toSorted(),
    ).toEqual(["gpu03", "gpu05"]);
    expect(generations()).toEqual(carried().map((_, i) => i + 1));
    expect(left()).toEqual(NOTHING_LEFT);
  });

  test("lost experts do not replace the plan", async () => {
    const before = text("shared/plan.json");
    sinfo(["gpu01", "gpu02", "gpu03", "gpu04", "gpu05", "gpu06", "gpu07", "gpu08", "gpu09"]);
    expect(await epilog()).toMatchObject({ code: 3, stderr: expect.stringMatching(/restart from a checkpoint.*left as it was/) });
    expect([text("shared/plan.json"), text("carried")]).toEqual([before, ""]);
  });

  test("killed while a plan is carried out, it is carried out by the next one, before anything else", async () => {
    sinfo(["gpu03"]);
    program("carry-out", `#!/bin/sh\nkill -KILL $PPID\n`);
    expect((await epilog()).code).not.toBe(0);
    expect([plan().generation, text("carried")]).toEqual([1, ""]);
    program("carry-out", `#!/bin/sh\ncat "$1" >> "${at("carried")}"\n`);
    sinfo(["gpu03", "gpu05"]);
    expect((await epilog()).code).toBe(0);
    expect(generations()).toEqual([1, 2]);
  });

  test("killed while it plans, it leaves the plan as it was", async () => {
    const before = text("shared/plan.json");
    const real = text("bin/lazarus");
    program("lazarus", `#!/bin/sh\nkill -KILL $PPID\nexit 1\n`);
    sinfo(["gpu03"]);
    expect((await epilog()).code).not.toBe(0);
    expect(text("shared/plan.json")).toBe(before);
    program("lazarus", real);
    expect((await epilog()).code).toBe(0);
    expect(generations()).toEqual([1]);
  });

  test("an older plan in the place of the newest is stale: nothing is planned from it, nor carried out", async () => {
    sinfo(["gpu03"]);
    await epilog();
    copyFileSync(at("first.json"), at("shared/plan.json"));
    sinfo(["gpu03", "gpu05"]);
    expect(await epilog()).toMatchObject({ code: 2, stderr: expect.stringMatching(/plan.json is stale/) });
    expect(text("shared/plan.json")).toBe(text("first.json"));
    expect(generations()).toEqual([1]);
  });

  test("a silent Slurm says nothing of the nodes", async () => {
    program("sinfo", "#!/bin/sh\nexit 1\n");
    expect((await epilog()).code).toBe(1);
    expect(text("shared/plan.json")).toBe(text("first.json"));
  });
});

describe.skipIf(!hasFlock)(`the Kubernetes watcher${unlocked}`, () => {
  /** Answers from a file of node states, which the recorded stream changes before each of its lines; WAIT waits for a plan. */
  const kubectl = (watches: readonly (readonly string[])[]) => {
    const all = Array.from({ length: 10 }, (_, i) => `gpu${String(i + 1).padStart(2, "0")}`);
    mkdirSync(at("states"));
    for (const name of all) writeFileSync(at(`states/${name}`), "True");
    watches.forEach((lines, i) => {
      writeFileSync(at(`watch${i}`), lines.map((line) => `${line}\n`).join(""));
    });
    program(
      "kubectl",
      `#!/bin/sh
cd "${folder}"
case "$*" in
  "get nodes -o json")
    items=$(for name in $(ls states); do
      printf '%s{"kind":"Node","metadata":{"name":"%s","annotations":{"a":"x\\\\n\\\\"y"}},"status":{"conditions":[{"type":"Ready","status":"%s"}]}}' "$comma" "$name" "$(cat states/$name)"
      comma=,
    done)
    printf '{"kind":"List","items":[%s]}\\n' "$items" ;;
  *--watch*)
    n=$(ls | grep -c '^watched')
    : > "watched$n"
    [ -e "watch$n" ] || { : > idle; exec sleep 60; }
    while read -r event node state; do
      case $event in
        HOLD) until [ -e go ]; do sleep 0.05; done; continue ;;
        WAIT) until [ "$(grep -c . carried)" = "$node" ]; do sleep 0.05; done; continue ;;
        DELETED) rm "states/$node" ;;
        *) case $state in Ready*) echo True ;; *) echo Unknown ;; esac > "states/$node" ;;
      esac
      echo "$event $node $state <none> 1d v1.33.0"
    done < "watch$n" ;;
esac
`,
    );
  };
  const until = async (isSo: () => boolean) => {
    for (let tries = 0; !isSo(); tries++) {
      if (tries > 600) throw new Error("it does not happen");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const everyone = Array.from({ length: 10 }, (_, i) => `ADDED gpu${String(i + 1).padStart(2, "0")} Ready`);

  test("recovers twice in a row, goes on when the watch ends, and takes back what is ready again", async () => {
    kubectl([
      [
        ...everyone,
        "MODIFIED gpu02 NotReady",
        "WAIT 1",
        "MODIFIED gpu02 Ready",
        "MODIFIED gpu04 Ready,SchedulingDisabled",
        "WAIT 2",
      ],
      ["MODIFIED gpu05 NotReady", "WAIT 3", "DELETED gpu07 Ready", "WAIT 4", "MODIFIED gpu05 NotReady", "MODIFIED gpu01 Ready"],
    ]);
    const watcher = start("lazarus-watch");
    await until(() => existsSync(at("idle")));
    expect(carried()).toMatchObject([
      { generation: 1, failed: ["gpu02"], failedSoFar: ["gpu02"] },
      { generation: 2, failed: [], joined: ["gpu02"], failedSoFar: [] },
      { generation: 3, failed: ["gpu05"] },
      { generation: 4, failed: ["gpu07"], failedSoFar: ["gpu05", "gpu07"] },
    ]);
    expect(plan().placement.nodes.map(({ name }: { name: string }) => name)).toContain("gpu02");
    endGroup(watcher.pid);
    expect((await watcher.done).stderr).toMatch(/not in standard input any more, and counted as failed: gpu07/);
    expect(left()).toEqual(NOTHING_LEFT);
  });

  test("started again after it was killed in the middle, it sees what happened meanwhile", async () => {
    kubectl([["MODIFIED gpu02 NotReady", "WAIT 1", "WAIT 99"], []]);
    const first = start("lazarus-watch");
    await until(() => generations().length === 1);
    endGroup(first.pid);
    await first.done;
    rmSync(at("states/gpu09"));
    writeFileSync(at("states/gpu02"), "True");
    const second = start("lazarus-watch");
    await until(() => existsSync(at("idle")));
    // What was killed while it was carried out may be carried out again.
    const once = [...new Map(carried().map((made) => [made.generation, made])).values()];
    expect(once).toMatchObject([{ failed: ["gpu02"] }, { generation: 2, failed: ["gpu09"], joined: ["gpu02"] }]);
    endGroup(second.pid);
    await second.done;
  });

  test("stops at a stale plan", async () => {
    kubectl([["MODIFIED gpu02 NotReady", "HOLD", "MODIFIED gpu05 NotReady"]]);
    const watcher = start("lazarus-watch");
    const runs = () => text("shared/plan.json.running").trim();
    const followed = () => (plan().generation === 1 ? fingerprintOf(at("shared/plan.json")) : undefined);
    await until(() => existsSync(at("shared/plan.json.running")) && runs() === followed());
    copyFileSync(at("first.json"), at("shared/plan.json"));
    writeFileSync(at("go"), "");
    expect(await Promise.race([watcher.done, until(() => existsSync(at("idle")))])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is stale/),
    });
    expect(generations()).toEqual([1]);
  });
});
