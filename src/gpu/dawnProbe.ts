/** Whether Dawn finds an adapter, found out in a process of its own: Dawn and drivers write to standard error as they like. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { BackendUnavailable } from "./backendUnavailable.ts";

/** Dawn gets so long to look, in milliseconds: drivers of large machines take seconds. */
const PATIENCE_MS = 60_000;
const NO_ADAPTER = 3;

/**
 * Looks for an adapter where what is said about it is not heard.
 * @param remedy what helps where there is none
 * @throws BackendUnavailable when there is none, or the search does not end or not well
 */
export function probeDawn(remedy: string): void {
  const path = createRequire(import.meta.url).resolve("webgpu");
  const script = `require(${JSON.stringify(path)}).create([]).requestAdapter().then((found) => process.exit(found ? 0 : ${NO_ADAPTER}))`;
  const { status, signal } = spawnSync(process.execPath, ["-e", script], { stdio: "ignore", timeout: PATIENCE_MS });
  if (status === 0) return;
  if (status === NO_ADAPTER) throw new BackendUnavailable("Dawn finds no Vulkan adapter", remedy);
  throw new BackendUnavailable(`Dawn ends with ${signal ?? `exit code ${status}`} while it looks for an adapter`, remedy);
}
