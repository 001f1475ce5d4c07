/** Which backend runs the kernels: asked for by name, or the first that works. */
import { cpus } from "node:os";
import { type BackendName, backendNames } from "./backendNames.ts";
import { BackendUnavailable } from "./backendUnavailable.ts";
import { type Device, gpuJsDevice } from "./device.ts";
import { type GpuJs, type GpuJsModule, type KernelClass, loadGpuJs } from "./gpuJs.ts";
import { requireHeadlessGl } from "./headlessGl.ts";
import { isSoftwareAdapter } from "./softwareAdapter.ts";
import { provideWebGpu } from "./webGpu.ts";

/** A backend that works. */
export interface Backend {
  readonly name: BackendName;
  /** What the kernels run on, as it calls itself. */
  readonly adapter: string;
  /** Whether it is a processor that plays a GPU. */
  readonly software: boolean;
  /** Whether kernels keep arrays in memory of the device's own. */
  readonly holdsArrays: boolean;
  /** The largest array that kernels take, where the device says so. */
  readonly largestArrayBytes: number | undefined;
  /** Nothing for `js`. */
  readonly device: Device | undefined;
  /** Frees everything; the process can end afterwards. */
  close(): Promise<void>;
}

/** A backend that was tried in vain. */
export interface Declined {
  readonly name: BackendName;
  readonly reason: string;
}

/**
 * Opens a backend by name.
 * @throws BackendUnavailable with the reason and the remedy
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  if (name === "js") {
    return { name, ...processor(), device: undefined, close: async () => {} };
  }
  const module = loadGpuJs();
  switch (name) {
    case "webgpu": {
      const provided = await provideWebGpu(module);
      return openGpuJs(module, name, { ...provided, kernelClass: module.WebGPUKernel, holdsArrays: true });
    }
    case "headlessgl":
      return openHeadlessGl(module);
    case "webasm":
      return openGpuJs(module, name, { ...processor(), kernelClass: module.WebAssemblyKernel });
    case "cpu":
      return openGpuJs(module, name, { ...processor(), kernelClass: module.CPUKernel });
  }
}

/** Opens the first backend that works, and says why not the ones before it. */
export async function openFirstBackend(): Promise<{ backend: Backend; declined: Declined[] }> {
  const declined: Declined[] = [];
  for (const name of backendNames) {
    try {
      return { backend: await openBackend(name), declined };
    } catch (error) {
      if (!(error instanceof BackendUnavailable)) throw error;
      declined.push({ name, reason: error.reason });
    }
  }
  throw new Error("plain JavaScript does not work"); // Its branch above cannot fail.
}

function openHeadlessGl(module: GpuJsModule): Promise<Backend> {
  const { adapter, largestArrayBytes } = requireHeadlessGl();
  const software = isSoftwareAdapter(adapter);
  return openGpuJs(module, "headlessgl", {
    adapter,
    software,
    largestArrayBytes,
    kernelClass: module.HeadlessGLKernel,
    holdsArrays: true,
  });
}

interface Host {
  readonly adapter: string;
  readonly software: boolean;
  readonly kernelClass: KernelClass;
  readonly holdsArrays: boolean;
  readonly largestArrayBytes: number | undefined;
  readonly close?: () => Promise<void>;
}

/** Always an explicit mode: gpu.js's `gpu` and `async` fall back without a word. */
async function openGpuJs(module: GpuJsModule, name: Exclude<BackendName, "js">, host: Host): Promise<Backend> {
  const { adapter, software, kernelClass, holdsArrays, largestArrayBytes } = host;
  let gpu: GpuJs | undefined;
  const close = async () => {
    await gpu?.destroy();
    await host.close?.();
  };
  try {
    gpu = new module.GPU({ mode: name });
    const device = gpuJsDevice(module, gpu, kernelClass, holdsArrays);
    await probe(device, name);
    return { name, adapter, software, holdsArrays, largestArrayBytes, device, close };
  } catch (error) {
    await close();
    if (error instanceof BackendUnavailable) throw error;
    throw new BackendUnavailable(error instanceof Error ? error.message : String(error), "choose another --backend, or auto");
  }
}

/** Runs a small kernel and compares it with plain JavaScript. */
async function probe(device: Device, name: BackendName): Promise<void> {
  const size = 64;
  const values = Float32Array.from({ length: size }, (_, i) => i - 20.5);
  const result = await device.kernel(
    "function(values) { let sum = 0; for (let i = 0; i < 4; i++) { sum += values[this.thread.x] * (i + 1); } return sum; }",
    [size],
  )(device.transient(values, [size]));
  const got = await device.read(result);
  device.release(result);
  // Products and sums of small halves are exact in single precision.
  if (values.some((value, i) => got[i] !== value * 10)) {
    throw new BackendUnavailable(`${name} computes wrong results`, "update its driver, or choose another --backend");
  }
}

/** Kernels on the processor have no memory of their own. */
function processor() {
  const adapter = cpus()[0]?.model.trim() ?? process.arch;
  return { adapter, software: false, holdsArrays: false, largestArrayBytes: undefined };
}
