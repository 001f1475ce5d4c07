import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cachedEnvironment } from "../src/dev/peers/environment.ts";
import { root } from "./support/lazarus.ts";

function peers(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, ["dist/dev/peers.js", ...words], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

test("without an environment, --cached says so and fetches nothing; without Python none can be made", () => {
  const cache = mkdtempSync(join(tmpdir(), "lazarus-no-peers-"));
  try {
    const cached = peers(["--cached"], { LAZARUS_PEERS_CACHE: cache });
    expect([cached.status, cached.stdout]).toEqual([2, ""]);
    expect(cached.stderr).toBe("peers: there is no environment yet; npm run peers makes it\n");
    expect(readdirSync(cache)).toEqual([]);
    const made = peers([], { LAZARUS_PEERS_CACHE: cache, PATH: cache });
    expect([made.status, made.stdout]).toEqual([2, ""]);
    expect(made.stderr).toMatch(/^peers: python3\.11 does not start: .*\n$/);
  } finally {
    rmSync(cache, { recursive: true });
  }
});

const environment = cachedEnvironment();
const reason = environment === undefined ? " (skipped: npm run peers has not made its Python environment here)" : "";

describe.skipIf(environment === undefined)(`real peers${reason}`, () => {
  test("files of pyarrow, NumPy, PyTorch and SGLang's recorder and Megatron-Core's ids are read right", {
    timeout: 300_000,
  }, () => {
    const { status, stdout, stderr } = peers(["--cached", "megatron", "parquet", "recorder", "tables"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").filter((line) => / same( |$)/.test(line)).length).toBeGreaterThanOrEqual(26);
  });
});
