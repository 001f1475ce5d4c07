/** --backend: what runs gpu.js kernels. */
import type { Backend } from "../gpu/backend.ts";
import { type BackendName, backendNames } from "../gpu/backendNames.ts";
import { warn } from "./warn.ts";

/** What --backend takes. */
export const wantedBackends = ["auto", ...backendNames] as const;

/** What help texts say about it. */
export const backendChoice =
  "webgpu, headlessgl, webasm, cpu, or js for plain JavaScript without it. auto takes the first of these that works and says why not the others.";

/**
 * Opens the backend that the user wants; with `auto`, one line on standard error says which it is and why not those before.
 * @param runs what runs on it, as "bench runs"
 * @throws BackendUnavailable when the one asked for by name does not work here
 */
export async function openWantedBackend(wanted: "auto" | BackendName, runs: string): Promise<Backend> {
  const { openBackend, openFirstBackend } = await import("../gpu/backend.ts");
  if (wanted !== "auto") return openBackend(wanted);
  const { backend, declined } = await openFirstBackend();
  const { name, adapter, software } = backend;
  const others = declined.map(({ name: other, reason }) => `; not ${other}: ${reason}`).join("");
  warn(`${runs} on ${name}, ${adapter}${software ? " (software)" : ""}${others}`);
  return backend;
}
