import { describe, expect, test } from "vitest";
import { openBackend, openFirstBackend } from "../../src/gpu/backend.ts";
import { BackendUnavailable } from "../../src/gpu/backendUnavailable.ts";
import { gpuJsDevice } from "../../src/gpu/device.ts";
import { loadGpuJs } from "../../src/gpu/gpuJs.ts";

describe("backends", () => {
  test("auto takes the first that works and says why not the ones before", async () => {
    const { backend, declined } = await openFirstBackend();
    await backend.close();
    const before = ["webgpu", "headlessgl", "webasm"];
    expect(declined.map(({ name }) => name)).toEqual(before.slice(0, before.indexOf(backend.name)));
    for (const { reason } of declined) expect(reason).toMatch(/\w+ \w+/);
  });

  test("one that does not work here says why and what to do", async () => {
    for (const name of ["webgpu", "headlessgl"] as const) {
      try {
        await (await openBackend(name)).close();
      } catch (error) {
        expect(error).toBeInstanceOf(BackendUnavailable);
        expect((error as BackendUnavailable).remedy).toMatch(/install|npm|xvfb|driver/);
      }
    }
  });

  test("leave no globals behind", async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    await openBackend("webgpu").then(
      (backend) => backend.close(),
      () => {},
    );
    expect(Object.getOwnPropertyDescriptor(globalThis, "navigator")).toEqual(before);
    expect(globalThis).not.toHaveProperty("GPUBufferUsage");
  });

  test("a kernel that gpu.js moves to another backend is an error, not a number", async () => {
    const module = loadGpuJs();
    const gpu = new module.GPU({ mode: "cpu" });
    const device = gpuJsDevice(module, gpu, module.WebAssemblyKernel, false);
    const kernel = device.kernel("function(values) { return values[this.thread.x]; }", [2]);
    await expect(kernel(device.transient(Float32Array.of(1, 2), [2]))).rejects.toThrow(
      /CPUKernel .*instead of WebAssemblyKernel/,
    );
    await gpu.destroy();
  });
});
