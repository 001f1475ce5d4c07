/** Backends that the tests can use here. */
import { type Backend, openBackend } from "../../src/gpu/backend.ts";
import type { BackendName } from "../../src/gpu/backendNames.ts";
import { BackendUnavailable } from "../../src/gpu/backendUnavailable.ts";

export interface TestBackend {
  readonly name: BackendName;
  /** Why its tests are skipped. */
  readonly unavailable: string | undefined;
}

/** cpu and webasm must work anywhere; the others say why they do not. */
export async function testBackends(): Promise<TestBackend[]> {
  const found: TestBackend[] = [
    { name: "cpu", unavailable: undefined },
    { name: "webasm", unavailable: undefined },
  ];
  for (const name of ["headlessgl", "webgpu"] as const) {
    const unavailable = await whyNot(name);
    if (unavailable !== undefined) process.stderr.write(`skipped on ${name}: ${unavailable}\n`);
    found.push({ name, unavailable });
  }
  return found;
}

async function whyNot(name: BackendName): Promise<string | undefined> {
  try {
    await (await openBackend(name)).close();
    return undefined;
  } catch (error) {
    if (error instanceof BackendUnavailable) return error.reason;
    throw error;
  }
}

/** Runs work on a backend and closes it. */
export async function onBackend<T>(name: BackendName, work: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = await openBackend(name);
  try {
    return await work(backend);
  } finally {
    await backend.close();
  }
}
