import { BackendUnavailable } from "./backendUnavailable.ts";

/**
 * Runs work on a device; what the device cannot do is no bug of ours.
 * @param what fails, as messages call it
 * @throws BackendUnavailable
 */
export async function deviceWork<T>(what: string, remedy: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackendUnavailable) throw error;
    throw new BackendUnavailable(`${what} fails: ${error instanceof Error ? error.message : String(error)}`, remedy);
  }
}
