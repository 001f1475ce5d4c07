import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";
import { lazarus, root } from "../support/lazarus.ts";

let folder = "";
const at = (name: string) => join(folder, name);
let profile = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-interrupts-"));
  profile = (await inProcess(["profile-load", "fixtures/routing.csv"])).stdout;
  writeFileSync(at("profile.json"), profile);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const partial = () => readdirSync(folder).filter((name) => name.endsWith(".part"));

/** Starts a program that does not end by itself for long, waits, and sends a signal. */
async function interrupted(signal: NodeJS.Signals, words: readonly string[], input: string, wait: () => Promise<void>) {
  const program = spawn(process.execPath, [`${root}bin/lazarus.js`, ...words], { stdio: ["pipe", "pipe", "pipe"] });
  const exit = once(program, "exit");
  let stderr = "";
  program.stderr.on("data", (text) => {
    stderr += text;
  });
  program.stdin.on("error", () => {});
  program.stdin.write(input); // Not the end: there may always be more.
  await wait();
  program.kill(signal);
  return { killedBy: (await exit)[1], stderr };
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s between two documents leaves no partial file", async (signal) => {
  writeFileSync(at("kept.json"), "old");
  const words = ["place", "-n", "4", "-c", "8", "--placement", "mro", "-o", at("kept.json")];
  const written = async () => {
    while (partial().length === 0) await pause(20);
  };
  expect(await interrupted(signal, words, profile, written)).toEqual({ killedBy: signal, stderr: "" });
  expect(partial()).toEqual([]);
  expect(readFileSync(at("kept.json"), "utf8")).toBe("old");
});

test("a signal ends a long search at once, and leaves no file", async () => {
  const search = ["place", "-n", "12", "-c", "6", "--effort", "thorough", at("profile.json"), "-o", at("searched.json")];
  // Wherever the program has come to by then, it ends in the same way.
  expect(await interrupted("SIGTERM", search, "", () => pause(1500))).toEqual({ killedBy: "SIGTERM", stderr: "" });
  expect(readdirSync(folder).filter((name) => name.startsWith("searched"))).toEqual([]);
});

test("the same seed gives the same bytes in another process", async () => {
  const words = [
    "place",
    "-n",
    "10",
    "-c",
    "8",
    "--placement",
    "balanced",
    "--effort",
    "fast",
    "--seed",
    "3",
    at("profile.json"),
  ];
  const { stdout } = lazarus(words);
  expect(JSON.parse(stdout).policy.seed).toBe(3);
  expect((await inProcess(words)).stdout).toBe(stdout);
});
