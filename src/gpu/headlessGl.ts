/** WebGL in Node: the package `gl`, compiled, and a display. */
import { createRequire } from "node:module";
import { BackendUnavailable } from "./backendUnavailable.ts";
import { quietMesa } from "./quietMesa.ts";

interface GlContext {
  readonly RENDERER: number;
  readonly MAX_TEXTURE_SIZE: number;
  getParameter(name: number): unknown;
  getExtension(name: string): { destroy(): void } | null;
  /** What the driver says; `getParameter` says ANGLE whatever the driver. */
  _getParameterDirect?(name: number): unknown;
}

/**
 * Checks what gpu.js needs for headlessgl; by itself it only says that something is missing.
 * @returns the adapter's name, and what its largest texture holds, a number a texel
 * @throws BackendUnavailable
 */
export function requireHeadlessGl(): { adapter: string; largestArrayBytes: number } {
  quietMesa();
  const context = loadGl()(1, 1);
  if (context === null) {
    throw new BackendUnavailable(
      "the package gl opens no OpenGL context",
      process.env["DISPLAY"]
        ? "check the display and its OpenGL driver (libgl1-mesa-dri)"
        : "start it with `xvfb-run -a`: it needs a display",
    );
  }
  const renderer = context._getParameterDirect?.(context.RENDERER);
  const widest = Number(context.getParameter(context.MAX_TEXTURE_SIZE));
  context.getExtension("STACKGL_destroy_context")?.destroy();
  return { adapter: typeof renderer === "string" ? renderer : "ANGLE", largestArrayBytes: 4 * widest ** 2 };
}

/** The copy that gpu.js will load: it goes along with this program. */
function loadGl(): (width: number, height: number) => GlContext | null {
  try {
    return createRequire(import.meta.url)("gl");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const installed = code !== "MODULE_NOT_FOUND" || !message.includes("'gl'");
    throw new BackendUnavailable(
      installed ? "the package gl is not compiled" : "the package gl is not installed",
      `run \`npm ${installed ? "rebuild" : "install"} gl --ignore-scripts=false\` with python3, make, g++, libxi-dev and libgl-dev installed`,
    );
  }
}
