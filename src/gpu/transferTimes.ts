/** How long a kernel's arrays take to the device, and its result back. */
import type { Device, DeviceArray, Launch } from "./device.ts";
import { timeCall } from "./timing.ts";

/** Medians, in milliseconds. */
export interface TransferTimes {
  /** All inputs, weights and plans, once; until the device has them. */
  readonly uploadMs: number;
  /** A result that is ready. */
  readonly readbackMs: number;
}

/** A device that notes what is put on it to stay. */
export function notingUploads(device: Device): { device: Device; uploads: Upload[] } {
  const uploads: Upload[] = [];
  const resident = (values: Float32Array, size: readonly number[]) => {
    uploads.push({ values, size });
    return device.resident(values, size);
  };
  return { device: { ...device, resident }, uploads };
}

/** Numbers and their shape. */
export interface Upload {
  readonly values: Float32Array;
  readonly size: readonly number[];
}

/** Times both ways. @param repetitions least number of times */
export async function transferTimes(
  device: Device,
  launch: Launch,
  uploads: readonly Upload[],
  repetitions: number,
): Promise<TransferTimes> {
  const result = await launch();
  await device.read(result);
  const { medianMs: readbackMs } = await timeCall(() => device.read(result), repetitions);
  device.release(result);
  const last = uploads.at(-1);
  if (last === undefined) return { uploadMs: 0, readbackMs };
  // Commands run in order: when one number of the last array is back, all arrays are there.
  const one = device.kernel(`function(values) { return values${"[0]".repeat(last.size.length)}; }`, [1]);
  const { medianMs: uploadMs } = await timeCall(async () => {
    const arrays: DeviceArray[] = [];
    for (const { values, size } of uploads) arrays.push(await device.resident(values, size));
    const arrived = await one(arrays.at(-1)!);
    await device.read(arrived);
    device.release(arrived, ...arrays);
  }, repetitions);
  return { uploadMs, readbackMs };
}
