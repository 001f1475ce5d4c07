/** The Python environment of `npm run peers`: pinned packages, and the sources of released systems without their dependencies. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PYTHON = "python3.11";

/** Where the Python programs lie, from the root of the project. */
export const DRIVERS = "src/dev/peers/drivers";

/** Installed, with dependencies: the newest that the package index serves for this Python. */
const installed = { numpy: "2.4.6", torch: "2.15.0", pyarrow: "26.0.1", safetensors: "0.8.0", einops: "0.8.2" };

/** Only unpacked; of vllm-ascend the newest release with a wheel. */
const unpacked = { sglang: "0.5.23", vllm: "0.33.0", "vllm-ascend": "0.23.0", "megatron-core": "0.16.1" };

/** Versions of all peers by name. */
export const versions: Readonly<Record<keyof typeof installed | keyof typeof unpacked, string>> = { ...installed, ...unpacked };

/** Wheels are taken for one platform whatever this machine is, for only their Python is unpacked. */
const platforms = ["manylinux_2_34_x86_64", "manylinux_2_28_x86_64"];

/** Where an environment is. */
export interface Environment {
  /** Python with the installed packages. */
  readonly python: string;
  /** Folder with the unpacked packages. */
  readonly sources: string;
}

/** The folder in which the environment with these pins is kept. */
function cacheFolder(): string {
  const pins = createHash("sha256")
    .update(JSON.stringify([versions, platforms]))
    .digest("hex")
    .slice(0, 12);
  return join(process.env["LAZARUS_PEERS_CACHE"] ?? tmpdir(), `lazarus-peers-${pins}`);
}

/** The environment, where an earlier run has made it. */
export function cachedEnvironment(): Environment | undefined {
  const folder = cacheFolder();
  if (!existsSync(join(folder, "ready"))) return undefined;
  return { python: join(folder, "venv/bin/python"), sources: join(folder, "sources") };
}

/**
 * Makes the environment: about 3.5 GB to fetch where the index has no PyTorch without CUDA (Linux on x86), and 5.5 GB of disk.
 * @throws Error when a step fails, with what pip said on standard error
 */
export function makeEnvironment(): Environment {
  const folder = cacheFolder();
  const [wheels, sources] = [join(folder, "wheels"), join(folder, "sources")];
  const python = join(folder, "venv/bin/python");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(wheels, { recursive: true });
  run(PYTHON, "-m", "venv", join(folder, "venv"));
  run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", ...pinned(installed));
  run(
    python,
    ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-deps", "--dest", wheels],
    ...["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "abi3"],
    ...platforms.flatMap((platform) => ["--platform", platform]),
    ...pinned(unpacked),
  );
  run(python, join(DRIVERS, "unpack.py"), sources, ...readdirSync(wheels).map((name) => join(wheels, name)));
  rmSync(wheels, { recursive: true });
  writeFileSync(join(folder, "ready"), "");
  return { python, sources };
}

function pinned(packages: Readonly<Record<string, string>>): string[] {
  return Object.entries(packages).map(([name, version]) => `${name}==${version}`);
}

function run(program: string, ...words: string[]): void {
  const { status, error } = spawnSync(program, words, { stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw new Error(`${program} does not start: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${words.slice(0, 3).join(" ")} failed`);
}
