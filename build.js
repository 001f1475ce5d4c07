/** Bundles src/ into dist/: chunks that are loaded when they are needed, because starting is most of what a short command does. */
import { build } from "esbuild";

/** yargs/helpers gives us yargs' parser; what else it imports (25 ms of Unicode tables) goes unused, and may be left out. */
const lightYargs = {
  name: "light-yargs",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /platform-shims\/esm\.mjs$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === lightYargs) return undefined;
      const found = await resolve(path, { ...from, pluginData: lightYargs });
      return { ...found, sideEffects: false };
    });
  },
};

await build({
  entryPoints: ["src/cli.ts", "src/index.ts", "src/io/rehearsal/node.ts", "src/dev/*.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["gpu.js", "vega", "vega-lite", "hyparquet", "webgpu"],
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
  banner: {
    js: "import{createRequire as lazarusRequire}from'node:module';const require=lazarusRequire(import.meta.url);",
  },
  plugins: [lightYargs],
});
