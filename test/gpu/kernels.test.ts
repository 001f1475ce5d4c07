import { describe, expect, test } from "vitest";
import { benchKernels, drawnHostSets, kernelNames } from "../../src/gpu/benchKernels.ts";
import { resultError, WrongResult } from "../../src/gpu/checkResult.ts";
import { type Device, type DeviceArray, readingCall } from "../../src/gpu/device.ts";
import type { LayerShape } from "../../src/gpu/layerShape.ts";
import { onBackend, testBackends } from "../support/backends.ts";

const shapes: LayerShape[] = [
  { tokens: 1, hidden: 1, feedForward: 1, experts: 1, topK: 1 },
  { tokens: 37, hidden: 5, feedForward: 7, experts: 6, topK: 1 },
  { tokens: 64, hidden: 16, feedForward: 12, experts: 3, topK: 3 },
  { tokens: 50, hidden: 9, feedForward: 20, experts: 12, topK: 2 },
];
const recoveries = [
  { nodes: 5, hostSets: [[0, 1], [2]], samples: 10 },
  { nodes: 24, hostSets: drawnHostSets(9, 2, 24, 3), samples: 65 },
  { nodes: 25, hostSets: drawnHostSets(9, 3, 25, 4), samples: 33 },
  { nodes: 60, hostSets: drawnHostSets(20, 4, 60, 5), samples: 40 },
];
const settings = shapes.map((shape, i) => ({ shape, recovery: recoveries[i]!, seed: i }));
const described = (shape: LayerShape) => Object.values(shape).join(" ");

describe("plain JavaScript computes what the kernels are defined to compute", () => {
  test.each(settings.map((setting) => [described(setting.shape), setting] as const))("tokens, hidden, ... = %s", (_, setting) => {
    for (const kernel of benchKernels(kernelNames, setting)) {
      expect(resultError(kernel, kernel.reference(), kernel.plain())).toBeLessThan(2e-6);
    }
  });
});

for (const { name, unavailable } of await testBackends()) {
  describe.skipIf(unavailable !== undefined)(
    `kernels on ${name}${unavailable === undefined ? "" : ` (skipped: ${unavailable})`}`,
    () => {
      test.each(settings.map((setting) => [described(setting.shape), setting] as const))(
        "are right for tokens, hidden, ... = %s",
        async (_, setting) => {
          await onBackend(name, async ({ device }) => {
            for (const kernel of benchKernels(kernelNames, setting)) {
              const call = readingCall(device as Device, await kernel.prepare(device as Device));
              // Twice: what the first call leaves behind must not change the second.
              await call();
              expect(resultError(kernel, kernel.reference(), await call())).toBeLessThan(1e-5);
            }
          });
        },
        120_000,
      );

      test("leave memory as it was after a thousand calls", async () => {
        await onBackend(name, async ({ device }) => {
          const setting = {
            shape: { tokens: 8, hidden: 4, feedForward: 4, experts: 3, topK: 2 },
            recovery: recoveries[0]!,
            seed: 1,
          };
          const [layer] = [...benchKernels(["layer"], setting)];
          const call = readingCall(device as Device, await layer!.prepare(device as Device));
          const repeat = async (times: number) => {
            for (let i = 0; i < times; i++) await call();
          };
          await repeat(1000); // Dawn and the engine's heap take some hundred calls to settle.
          const before = process.memoryUsage().rss;
          await repeat(1000);
          // Losing one texture for each of ten launches takes 47 MB on headlessgl; garbage may wait to be collected.
          expect(process.memoryUsage().rss - before).toBeLessThan(32e6);
        });
      }, 120_000);
    },
  );
}

test("kernels release every array they make, once", async () => {
  await onBackend("cpu", async ({ device }) => {
    const live = new Set<DeviceArray>();
    const watched: Device = {
      ...device!,
      kernel: (source, output) => {
        const run = device!.kernel(source, output);
        return async (...arrays) => {
          const made = await run(...arrays);
          live.add(made);
          return made;
        };
      },
      release: (...arrays) => {
        for (const array of arrays) expect(live.delete(array)).toBe(true);
      },
    };
    for (const kernel of benchKernels(kernelNames, settings[1]!)) {
      const call = readingCall(watched, await kernel.prepare(watched));
      await call();
      expect(live.size).toBe(0);
    }
  });
});

describe("a wrong result", () => {
  const [setting] = settings.slice(1);
  test.each(kernelNames.map((name) => [name]))("of %s is found, whichever number is wrong", (name) => {
    const [kernel] = [...benchKernels([name], setting!)];
    const reference = kernel!.reference();
    for (const cell of [0, Math.floor(reference.length / 2), reference.length - 1]) {
      const result = Float32Array.from(reference);
      result[cell]! += 1;
      expect(() => resultError(kernel!, reference, result)).toThrow(WrongResult);
      result[cell] = Number.NaN;
      expect(() => resultError(kernel!, reference, result)).toThrow(WrongResult);
    }
    expect(() => resultError(kernel!, reference, new Float32Array(reference.length + 1))).toThrow(WrongResult);
    expect(resultError(kernel!, reference, Float32Array.from(reference))).toBeLessThan(1e-7);
  });
});
