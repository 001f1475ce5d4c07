import { expect, test } from "vitest";
import { adapterPeaks } from "../../src/gpu/adapterPeaks.ts";
import { benchKernels } from "../../src/gpu/benchKernels.ts";
import { benchmark } from "../../src/gpu/benchmark.ts";
import type { Device } from "../../src/gpu/device.ts";
import { onBackend } from "../support/backends.ts";

const setting = {
  shape: { tokens: 30, hidden: 8, feedForward: 6, experts: 4, topK: 2 },
  recovery: { nodes: 5, hostSets: [[0, 1], [2]], samples: 10 },
  seed: 2,
};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("on a device with memory of its own, readback and uploads are told apart from the work", async () => {
  await onBackend("cpu", async ({ device }) => {
    // Uploads of 4 ms an array, readbacks of 20 ms: clocks only have to tell these apart.
    const slow: Device = {
      ...device!,
      resident: async (values, size) => {
        await wait(4);
        return device!.resident(values, size);
      },
      read: async (array) => {
        await wait(20);
        return device!.read(array);
      },
    };
    for (const kernel of benchKernels(["combine", "recovery-mc"], setting)) {
      const { medianMs, deviceMs, uploadMs, readbackMs, ...rest } = await benchmark(
        { device: slow, holdsArrays: true },
        kernel,
        10,
      );
      expect(readbackMs).toBeGreaterThanOrEqual(19);
      expect(deviceMs).toBeCloseTo(Math.max(medianMs - readbackMs!, medianMs / 100), 9);
      // Its own read, and as many uploads as the kernel has arrays.
      expect(uploadMs).toBeGreaterThanOrEqual(19 + (kernel.name === "combine" ? 3 : 2) * 3);
      const { work } = kernel;
      if ("bytes" in work) expect(rest.gigabytesPerSecond).toBeCloseTo(work.bytes / deviceMs! / 1e6, 9);
    }
    const [kernel] = [...benchKernels(["combine"], setting)];
    expect(Object.keys(await benchmark({ device: slow, holdsArrays: false }, kernel!, 10))).not.toContain("deviceMs");
  });
});

test("the maker's peaks are those of the card, and of no processor", () => {
  expect(adapterPeaks("NVIDIA H100 80GB HBM3, nvidia, hopper", false)).toEqual({ gflops: 66_900, gigabytesPerSecond: 3350 });
  expect(adapterPeaks("NVIDIA H100 PCIe", false)).toEqual({ gflops: 51_200, gigabytesPerSecond: 2000 });
  expect(adapterPeaks("NVIDIA A100-SXM4-80GB", false)).toMatchObject({ gigabytesPerSecond: 2039 });
  expect(adapterPeaks("NVIDIA A10G", false)).toMatchObject({ gflops: 31_200 });
  expect(adapterPeaks("NVIDIA GeForce RTX 3090", false)).toMatchObject({ gigabytesPerSecond: 936 });
  expect(adapterPeaks("SwiftShader H100", true)).toBeUndefined();
  expect(adapterPeaks("AMD EPYC 9654 96-Core Processor", false)).toBeUndefined();
});
