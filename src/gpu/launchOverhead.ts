/** What a kernel costs that does nothing. */
import type { Device } from "./device.ts";
import { timeCall } from "./timing.ts";

/** Seconds from launching a kernel of one cell to having its result launched into another, median over a chain. */
export async function launchSeconds(device: Device, repetitions: number): Promise<number> {
  const chain = 16;
  const step = device.kernel("function(value) { return value[0] + 1; }", [1]);
  const start = await device.resident(Float32Array.of(0), [1]);
  const { medianMs } = await timeCall(async () => {
    let value = await step(start);
    for (let i = 1; i < chain; i++) {
      const next = await step(value);
      device.release(value);
      value = next;
    }
    await device.read(value);
    device.release(value);
  }, repetitions);
  return medianMs / 1000 / chain;
}
