/** A device that runs kernels: arrays on it, kernels over them, and the way back. */
import { BackendUnavailable } from "./backendUnavailable.ts";
import type { GpuJs, GpuJsModule, KernelClass, KernelValue } from "./gpuJs.ts";

/** Numbers where a kernel reads them. Shapes are given as gpu.js does: [x], [x, y] or [x, y, z], x running fastest. */
export interface DeviceArray {
  readonly value: KernelValue;
}

/** A compiled kernel: arrays in, one array out. The result belongs to the caller, who releases it. */
export type DeviceKernel = (...args: readonly DeviceArray[]) => Promise<DeviceArray>;

/** One call of something on a device, whose result stays there and belongs to the caller. */
export type Launch = () => Promise<DeviceArray>;

/** One call of something: its result on the host. */
export type Call = () => Promise<Float32Array>;

/** Runs kernels in single precision. */
export interface Device {
  /** Compiles a kernel from gpu.js source: every loop bound is a literal, so that shaders accept it. */
  kernel(source: string, output: readonly number[]): DeviceKernel;
  /** Puts numbers on the device to stay. */
  resident(values: Float32Array, size: readonly number[]): Promise<DeviceArray>;
  /** Numbers for one call; they travel with it. */
  transient(values: Float32Array, size: readonly number[]): DeviceArray;
  /** Reads an array back, x running fastest; waits for everything it depends on. */
  read(array: DeviceArray): Promise<Float32Array>;
  /** Frees arrays that kernels made. */
  release(...arrays: readonly DeviceArray[]): void;
}

/** Launches and reads the result. */
export function readingCall(device: Device, launch: Launch): Call {
  return async () => {
    const result = await launch();
    const values = await device.read(result);
    device.release(result);
    return values;
  };
}

interface Handle {
  toArray(): unknown;
  delete(): void;
}

/**
 * The device of one gpu.js instance.
 * @param gpu made with an explicit mode
 * @param kernelClass what every kernel must really run as
 * @param holdsArrays whether kernels keep arrays in memory of their own; without, arrays are plain and travel with each call
 */
export function gpuJsDevice(module: GpuJsModule, gpu: GpuJs, kernelClass: KernelClass, holdsArrays: boolean): Device {
  const transient = (values: Float32Array, size: readonly number[]) => ({ value: module.input(values, size) });
  const kernel = (source: string, output: readonly number[]): DeviceKernel => {
    const run = gpu.createKernel(source, { output, precision: "single", pipeline: true, immutable: true });
    return async (...args) => {
      const value = await run(...args.map((array) => array.value));
      const { constructor: ran, fallbackReason } = run.kernel;
      if (ran !== kernelClass || fallbackReason) {
        throw new BackendUnavailable(
          `gpu.js ran a kernel as ${ran.name} (mode ${ran.mode}) instead of ${kernelClass.name}${fallbackReason ? `: ${fallbackReason}` : ""}`,
          "choose another --backend",
        );
      }
      return { value };
    };
  };
  const copies = new Map<string, DeviceKernel>();
  const copyOf = (size: readonly number[]) => {
    const known = copies.get(size.join());
    if (known !== undefined) return known;
    const [, y, z] = size;
    const index = z !== undefined ? "[this.thread.z][this.thread.y]" : y !== undefined ? "[this.thread.y]" : "";
    const made = kernel(`function(values) { return values${index}[this.thread.x]; }`, size);
    copies.set(size.join(), made);
    return made;
  };
  return {
    kernel,
    transient,
    resident: async (values, size) => {
      const array = transient(values, size);
      return holdsArrays ? copyOf(size)(array) : array;
    },
    read: async ({ value }) => flat(isHandle(value) ? await value.toArray() : value),
    release: (...arrays) => {
      for (const { value } of arrays) if (isHandle(value)) value.delete();
    },
  };
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "toArray" in value && "delete" in value;
}

/** Rows of rows as one array. */
function flat(nested: unknown): Float32Array {
  if (nested instanceof Float32Array) return nested;
  const rows = (nested as unknown[]).map(flat);
  const whole = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    whole.set(row, at);
    at += row.length;
  }
  return whole;
}
