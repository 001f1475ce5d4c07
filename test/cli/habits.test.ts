import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { closestWord } from "../../src/commands/closestWord.ts";
import { setManner } from "../../src/commands/manner.ts";
import { startProgress } from "../../src/commands/progress.ts";
import { commandNames } from "../../src/commands/table.ts";
import { paint } from "../../src/report/paint.ts";
import { version } from "../../src/version.ts";
import { inProcess } from "../support/inProcess.ts";
import { root, shell } from "../support/lazarus.ts";

const training = ["-n", "4", "--slots", "1", "--fail-every", "5m", "--duration", "10m", "--model", "gpt-s"];
const sampled = ["--recovery-method", "gpu", "--backend", "js", "--samples", "9"];
const matrix = "[[5,9,2,4],[1,1,8,8]]";
let folder = "";
let placement = "";
let profile = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-habits-"));
  profile = join(folder, "profile.json");
  placement = join(folder, "placement.json");
  writeFileSync(profile, (await inProcess(["profile-load"], matrix)).stdout);
  writeFileSync(placement, (await inProcess(["place", "-n", "gpu[1-4]", "-c", "2", "--placement", "mro", profile])).stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("colour: --color, then NO_COLOR, then FORCE_COLOR, then the terminal", () => {
  const colored = (terminal: boolean, choice: "auto" | "always" | "never", env: Record<string, string | undefined>) => {
    for (const name of ["NO_COLOR", "FORCE_COLOR"]) vi.stubEnv(name, env[name]);
    const text = paint(terminal, choice).bold("x");
    vi.unstubAllEnvs();
    return text !== "x";
  };
  test.each([
    [true, "auto", {}, true],
    [false, "auto", {}, false],
    [false, "auto", { FORCE_COLOR: "1" }, true],
    [true, "auto", { FORCE_COLOR: "0" }, false],
    [true, "auto", { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [true, "auto", { NO_COLOR: "" }, true],
    [false, "always", { NO_COLOR: "1" }, true],
    [true, "never", { FORCE_COLOR: "1" }, false],
  ] as const)("terminal %s, --color %s, %j: %s", (terminal, choice, env, expected) => {
    expect(colored(terminal, choice, env)).toBe(expected);
  });

  test("the option reaches the tables", async () => {
    const table = (color: string) => inProcess(["profile-load", "--format", "table", "--color", color], matrix);
    expect((await table("always")).stdout).toContain("\u001b[");
    expect((await table("never")).stdout).not.toContain("\u001b[");
    expect((await table("sometimes")).stderr).toMatch(/--color: expected one of auto, always, never/);
  });
});

describe("quiet and verbose", () => {
  const line = ["place", "-n", "5", "-c", "1", "--placement", "mro"];
  test("warnings unless quiet, errors always", async () => {
    expect((await inProcess([...line, profile])).stderr).toMatch(/--min-replicas is lowered/);
    expect((await inProcess([...line, profile, "-q"])).stderr).toBe("");
    expect((await inProcess(["place", "-n", "1", "-c", "1", "-f", "1", "-q", profile])).stderr).toMatch(/do not fit/);
  });

  test.each(["resilient", "balanced", "eplb", "mro", "spread", "compact"])(
    "one node lowers a default, by %s",
    async (placement) => {
      const run = await inProcess(["place", "-n", "1", "-c", "16", "--placement", placement, "--format", "json", profile]);
      // EPLB knows nothing of it.
      const said = placement === "eplb" ? "" : "lazarus: one node holds only 1 of 2 replicas apart; --min-replicas is lowered\n";
      expect(run.stderr).toBe(said);
      expect(JSON.parse(run.stdout).policy).toMatchObject({ minReplicas: 2, keptMinReplicas: 1 });
      const told = await inProcess([
        "place",
        "-n",
        "1",
        "-c",
        "16",
        "-f",
        "1",
        "--placement",
        placement,
        "--format",
        "json",
        profile,
      ]);
      expect(JSON.parse(told.stdout).layers).toEqual(JSON.parse(run.stdout).layers);
    },
  );

  test("verbose says what was read; both at once are refused", async () => {
    expect((await inProcess(["profile-load", "-v"], matrix)).stderr).toMatch(/^lazarus: standard input: read 1 iterations\n$/);
    expect((await inProcess(["profile-load"], matrix)).stderr).toBe("");
    expect(await inProcess(["profile-load", "-q", "-v"], matrix)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/contradict/),
    });
  });
});

describe("progress", () => {
  /** What is drawn on standard error while work is at these amounts at these times (milliseconds after it began). */
  async function drawn(terminal: boolean, quiet: boolean, moments: readonly (readonly [time: number, done: number])[]) {
    let text = "";
    const { isTTY } = process.stderr;
    const write = vi.spyOn(process.stderr, "write").mockImplementation((piece) => {
      text += piece;
      return true;
    });
    const now = vi.spyOn(performance, "now").mockReturnValue(5000);
    process.stderr.isTTY = terminal;
    setManner({ color: "auto", quiet, verbose: false });
    try {
      const progress = await startProgress("searching", 200, (amount) => `${amount} moves`);
      for (const [time, done] of moments) {
        now.mockReturnValue(5000 + time);
        progress.update(done);
      }
      progress.stop();
      progress.update(200);
    } finally {
      process.stderr.isTTY = isTTY;
      now.mockRestore();
      write.mockRestore();
    }
    return text;
  }

  test("a line on a terminal after a second, which goes away; not before, not on a pipe, not when quiet", async () => {
    const long = [
      [10, 2],
      [1100, 50],
    ] as const;
    const text = await drawn(true, false, long);
    expect(text).toMatch(/searching █+░+ 25% of 200 moves/);
    expect(text.endsWith("\u001b[2K")).toBe(true);
    expect(
      await drawn(true, false, [
        [10, 2],
        [900, 50],
      ]),
    ).toBe("");
    expect(await drawn(false, false, long)).toBe("");
    expect(await drawn(true, true, long)).toBe("");
  });

  describe("in commands whose work takes its time", () => {
    const quick = ["-n", "4", "-c", "3", "--effort", "fast"];
    beforeAll(async () => {
      await inProcess(["place", profile, ...quick, "-o", join(folder, "quick.json")]);
      mkdirSync(join(folder, "mindie"));
      writeFileSync(join(folder, "mindie", "model_gen_config.json"), '{"num_moe_layers":1}');
      writeFileSync(join(folder, "mindie", "decode_0.csv"), "1,2\n2,3\n3,9\n");
    });

    test.each([
      ["reading .*topk.parquet ", () => ["profile-load", `${root}test/fixtures/topk.parquet`]],
      ["reading .*mindie ", () => ["profile-load", join(folder, "mindie"), "--physical-to-logical", "identity"]],
      ["placing \\d+ s", () => ["place", profile, ...quick, "--balance-slack", "none"]],
      ["explaining \\d+ s", () => ["place", profile, ...quick, "--balance-slack", "none", "--explain"]],
      ["planning \\d+ s", () => ["recover", join(folder, "quick.json"), "--failed", "node1"]],
      ["dispatching █+░* \\d+% of \\d+ layers?", () => ["dispatch-plan", placement]],
      ["simulating █*░* \\d+% of one trial", () => ["simulate", "--load-spread", "0.5", ...training]],
      ["measuring on js █*░* \\d+% of 1 kernels", () => ["bench", "--backend", "js", "--kernels", "histogram"]],
      ["sampling on js █+ 100% of 9", () => ["place", profile, "-n", "4", "-c", "2", "--placement", "mro", ...sampled]],
    ])("%s", async (line, words) => {
      const { isTTY } = process.stderr;
      let time = 0;
      const now = vi.spyOn(performance, "now").mockImplementation(() => {
        time += 1500;
        return time;
      });
      process.stderr.isTTY = true;
      try {
        const { code, stderr } = await inProcess(words());
        expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(line) });
        expect((await inProcess([...words(), "-q"])).stderr).toBe("");
      } finally {
        process.stderr.isTTY = isTTY;
        now.mockRestore();
      }
    });
  });

  test("reading a slow pipe in the real program", () => {
    const slowly = "(head -c 20000 fixtures/routing.csv; sleep 4; tail -c +20001 fixtures/routing.csv)";
    const line = `bash -c '${slowly} | \\"${process.execPath}\\" bin/lazarus.js profile-load --format csv > /dev/null'`;
    expect(shell(`script -qec "${line}" /dev/null`, root).stdout).toMatch(/reading standard input 0\.\d MB/);
  });
});

describe("slips of the finger", () => {
  test.each(commandNames.map((name) => [name]))("%s with two letters swapped, one missing, one too many", (name) => {
    const middle = Math.floor(name.length / 2);
    const swapped = name.slice(0, middle - 1) + name[middle] + name[middle - 1] + name.slice(middle + 1);
    for (const typed of [swapped, name.slice(1), `${name}s`]) expect(closestWord(typed, commandNames)).toBe(name);
  });

  test("words that mean nothing are not guessed", () => {
    for (const typed of ["", "xyzzyxyzzy", "kubectl-get-nodes"])
      expect(closestWord(typed, ["profile-load", "schema"])).toBeUndefined();
  });

  test("short words are guessed by one slip only, cut ones when nothing else begins so", () => {
    const shells = ["bash", "zsh", "fish", "js"];
    expect(["zhs", "zs", "zssh", "bahs", "sj"].map((typed) => closestWord(typed, shells))).toEqual([
      "zsh",
      "zsh",
      "zsh",
      "bash",
      "js",
    ]);
    for (const typed of ["abc", "ab", "csh2"]) expect(closestWord(typed, shells)).toBeUndefined();
    expect(closestWord("--top", ["--top-experts", "--help"])).toBe("--top-experts");
    expect(closestWord("--top", ["--top-experts", "--top-layers"])).toBeUndefined();
  });

  test.each([
    [["place", "-n", "3", "-c", "2", "--format", "sglng"], /^lazarus: --format: .* \(did you mean sglang\?\), got "sglng"$/],
    [["bench", "--kernels", "layer,routr"], / \(did you mean router\?\), got "layer,routr"$/],
    [["simulate", "--systems", "lazrus"], / \(did you mean lazarus\?\), got "lazrus"$/],
    [["bench", "--model", "gptl"], /--model: "gptl" is no file .*; did you mean gpt-l\?$/],
    [["bench", "--hardware", "./a1g", "--calibrate", "x", "--model", "gpt-s"], /cannot read \.\/a1g: there is no such file/],
    [["schema", "placment"], /got "placment"; did you mean placement\?$/],
    [["completion", "zhs"], /got "zhs"; did you mean zsh\?$/],
    [["--verison"], /^lazarus: there is no option --verison without a command; did you mean --version\?$/],
    [["-q", "place"], /options come after the command/],
    [["help", "plcae"], /there is no command "plcae"; did you mean place\?$/],
    [["place", "-z"], /there is no option -z; --help lists them$/],
    [["place", "-n"], /^lazarus: --nodes needs a value: N\|LIST$/],
    [["place", "--explain=no"], /^lazarus: --explain takes no value/],
  ])("%j", async (words, message) => {
    const { code, stderr, stdout } = await inProcess(words);
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: "" });
  });

  test("commands and options", async () => {
    expect(await inProcess(["recoverr"])).toMatchObject({
      code: 2,
      stderr: 'lazarus: there is no command "recoverr"; did you mean recover?\n',
    });
    expect(await inProcess(["recover", "--faild", "x", placement])).toMatchObject({
      code: 2,
      stderr: "lazarus: there is no option --faild; did you mean --failed?\n",
    });
    expect((await inProcess(["recover", "--xyzzyxyzzy", placement])).stderr).toMatch(/--help lists them/);
  });
});

test("the version, alone and after a command", async () => {
  for (const words of [["--version"], ["place", "--version"]]) {
    expect(await inProcess(words)).toEqual({ code: 0, stdout: `lazarus ${version}\n`, stderr: "" });
  }
});

describe("completion", () => {
  test("bash completes commands, options, their values and the words that an operand may be; files but after a dash", () => {
    const asked = [
      ["rec"],
      ["place", "--col"],
      ["place", "--format", "sg"],
      ["place", "prof"], // Here bash goes on with files.
      ["completion", "f"],
      ["--ver"],
      ["profile-load", "--input-format", ""],
      ["schema", ""],
      ["place", "--placement", "=", "r"], // As bash splits --placement=r,
      ["place", "--placement=r"], // and where COMP_WORDBREAKS has no equals sign.
      ["simulate", "--systems", "lazarus,r"],
      ["place", "--hardware", "=", "h"],
      ["bench", "--kernels", "="],
    ];
    const questions = asked.map((words) => {
      const list = words.map((word) => `"${word}"`).join(" ");
      return `COMP_WORDS=(lazarus ${list}); COMP_CWORD=${words.length}; _lazarus; echo "\${COMPREPLY[@]}"`;
    });
    const { code, stdout } = shell(`eval "$(lazarus completion bash)"; ${questions.join("; ")}`);
    expect(code).toBe(0);
    const answers = stdout.split("\n");
    expect(answers.slice(0, 6)).toEqual(["recover", "--color", "sglang", "", "fish", "--version"]);
    expect(answers[6]?.split(" ")).toEqual(expect.arrayContaining(["trtllm", "parquet", "wide"]));
    expect(answers[7]?.split(" ")).toEqual(expect.arrayContaining(["placement", "bench"]));
    expect(answers.slice(8, 12)).toEqual([
      "resilient",
      "--placement=resilient",
      "lazarus,resilient lazarus,recycle",
      "h800 h100 h200",
    ]);
    expect(answers[12]?.split(" ")).toEqual(expect.arrayContaining(["router", "recovery-mc"]));
  });

  const missing = (name: string) => spawnSync(name, ["-c", "exit"]).error !== undefined;
  const reason = (name: string) => (missing(name) ? ` (skipped: ${name} is not installed)` : "");

  test.skipIf(missing("fish"))(`fish completes them from its script${reason("fish")}`, async () => {
    writeFileSync(join(folder, "lazarus.fish"), (await inProcess(["completion", "fish"])).stdout);
    const lines = [
      "rec",
      "place --col",
      "place --format sg",
      "schema placem",
      "completion z",
      "--ver",
      "place --placement=r",
      "simulate --systems lazarus,r",
      "simulate --model=mixtral-8x7",
    ];
    const asked = lines.map((line) => `complete -C "lazarus ${line}" | string split -f 1 \\t`).join("; ");
    const { stdout } = spawnSync("fish", ["-c", `source ${join(folder, "lazarus.fish")}; ${asked}`], { encoding: "utf8" });
    expect(stdout.trim().split("\n")).toEqual([
      "recover",
      "--color",
      "sglang",
      "placement",
      "zsh",
      "--version",
      "--placement=resilient",
      "lazarus,recycle",
      "lazarus,resilient",
      "--model=mixtral-8x7b",
    ]);
  });

  test.skipIf(missing("zsh"))(`zsh takes its script and finds the command's options${reason("zsh")}`, async () => {
    writeFileSync(join(folder, "_lazarus"), (await inProcess(["completion", "zsh"])).stdout);
    const standIns = "compdef() { :; }; _arguments() { print -rl -- $@; }; _describe() { print -rl -- $commands; };";
    const at = (...words: string[]) => `words=(lazarus ${words.join(" ")}); CURRENT=${words.length + 1}; _lazarus;`;
    const script = `${standIns} source ${join(folder, "_lazarus")}; ${at("''")} print -- --; ${at("schema", "''")} print -- --; ${at("place", "''")}`;
    const { stdout, stderr } = spawnSync("zsh", ["-f", "-c", script], { encoding: "utf8" });
    const [commands, schema, place] = stdout.split("\n--\n");
    expect(stderr).toBe("");
    expect(commands!.split("\n").map((line) => line.split(":")[0])).toEqual([...commandNames]);
    expect(schema).toMatch(/^1:document:\(.*placement.*\)$/m);
    expect(place).toMatch(/^--format=\[.*\]:value:\(json csv table sglang ascend trtllm vllm\)$/m);
    expect(place).toMatch(/^--explain\[[^:]*\]$/m);
  });

  test("zsh and fish scripts name every command and standard option", async () => {
    for (const name of ["zsh", "fish"]) {
      const { code, stdout } = await inProcess(["completion", name]);
      expect(code).toBe(0);
      for (const word of [...commandNames, "quiet", "verbose", "color"]) expect(stdout).toContain(word);
    }
    expect((await inProcess(["completion", "tcsh"])).stderr).toMatch(/bash, zsh, fish/);
  });
});
