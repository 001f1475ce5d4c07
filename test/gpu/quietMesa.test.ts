import { afterEach, expect, test, vi } from "vitest";
import { quietMesa } from "../../src/gpu/quietMesa.ts";

afterEach(() => vi.unstubAllEnvs());

test("Mesa is quiet, unless the user wants to hear it", () => {
  vi.stubEnv("EGL_LOG_LEVEL", undefined);
  vi.stubEnv("MESA_DEBUG", "context");
  quietMesa();
  expect(process.env).toMatchObject({ EGL_LOG_LEVEL: "fatal", MESA_DEBUG: "context" });
});
