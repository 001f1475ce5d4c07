/** The parts of gpu.js that we use, with the types its own declarations leave out. */
import { createRequire } from "node:module";

/** What a kernel takes and gives: an `input(...)`, a texture or buffer on the device, or arrays of rows. */
export type KernelValue = unknown;

/** A compiled kernel; webgpu answers with a promise, the other modes at once. */
export interface GpuJsKernel {
  (...args: KernelValue[]): KernelValue | Promise<KernelValue>;
  /** The kernel that really runs: gpu.js swaps it when it falls back. */
  readonly kernel: {
    readonly constructor: KernelClass;
    readonly fallbackReason?: string | null;
  };
}

/** What a kernel is an instance of tells which backend runs it; headlessgl's mode only says `gpu`. */
export interface KernelClass {
  readonly name: string;
  readonly mode: string;
}

export interface GpuJs {
  createKernel(
    source: string,
    settings: {
      readonly output: readonly number[];
      readonly precision: "single";
      readonly pipeline: boolean;
      readonly immutable: boolean;
    },
  ): GpuJsKernel;
  destroy(): Promise<void>;
}

export interface GpuJsModule {
  readonly GPU: new (settings: { readonly mode: string }) => GpuJs;
  /** Flat values as an array of [x], [x, y] or [x, y, z] cells. */
  readonly input: (values: Float32Array, size: readonly number[]) => KernelValue;
  readonly WebGPUKernel: KernelClass;
  readonly HeadlessGLKernel: KernelClass;
  readonly WebAssemblyKernel: KernelClass;
  readonly CPUKernel: KernelClass;
  readonly WebGPUContext: { destroy(): Promise<void> };
}

/** Loads gpu.js as the build left it. It costs 100 ms and 15 MB, so nothing but a bench does this. */
export function loadGpuJs(): GpuJsModule {
  return createRequire(import.meta.url)("#gpu.js") as GpuJsModule;
}
