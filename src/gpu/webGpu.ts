/** WebGPU in Node: Dawn's package `webgpu`, where gpu.js looks for it. */
import { BackendUnavailable } from "./backendUnavailable.ts";
import { probeDawn } from "./dawnProbe.ts";
import type { GpuJsModule } from "./gpuJs.ts";
import { quietMesa } from "./quietMesa.ts";
import { isSoftwareAdapter } from "./softwareAdapter.ts";

interface Dawn {
  /** Makes a `navigator.gpu`; Dawn's threads live as long as somebody holds it. */
  create(options: string[]): { requestAdapter(): Promise<Adapter | null> };
  /** GPUBufferUsage and the like, which browsers have as globals. */
  readonly globals: Readonly<Record<string, unknown>>;
}

interface Adapter {
  readonly limits: { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number };
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
}

/** A WebGPU that is in place. */
export interface WebGpu {
  readonly adapter: string;
  readonly software: boolean;
  readonly largestArrayBytes: number;
  /** Takes it away again, so that the process can end. */
  close(): Promise<void>;
}

const DRIVER_REMEDY =
  "install a Vulkan driver (NVIDIA's own with libvulkan1, or Mesa 23 or newer); for a software adapter point VK_ICD_FILENAMES at SwiftShader's vk_swiftshader_icd.json";

/**
 * Puts Dawn on `globalThis.navigator` and asks for an adapter.
 * @throws BackendUnavailable
 */
export async function provideWebGpu({ WebGPUContext }: GpuJsModule): Promise<WebGpu> {
  const { create, globals } = await loadDawn();
  quietMesa();
  probeDawn(DRIVER_REMEDY);
  const gpu = create([]);
  const restore = setGlobals({ ...globals, navigator: { gpu } });
  try {
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new BackendUnavailable("Dawn finds no Vulkan adapter", DRIVER_REMEDY);
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const name = [...new Set([device, description, vendor, architecture])].filter((part) => part !== "").join(", ");
    const software = isFallbackAdapter === true || isSoftwareAdapter(name);
    const close = async () => {
      await WebGPUContext.destroy();
      restore();
    };
    const largestArrayBytes = Math.min(adapter.limits.maxBufferSize, adapter.limits.maxStorageBufferBindingSize);
    return { adapter: name, software, largestArrayBytes, close };
  } catch (error) {
    restore();
    throw error;
  }
}

async function loadDawn(): Promise<Dawn> {
  try {
    return (await import("webgpu")) as unknown as Dawn;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND") {
      throw new BackendUnavailable("the package webgpu is not installed", "npm install webgpu@0.6");
    }
    throw new BackendUnavailable(
      `the package webgpu does not load: ${message.split("\n")[0]}`,
      "npm install webgpu@0.6; older ones need a newer glibc than Debian 12 has",
    );
  }
}

/** Sets globals and returns what puts the old ones back. Node 21 and newer has a `navigator` of its own. */
function setGlobals(values: Readonly<Record<string, unknown>>): () => void {
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  };
}
