/** Bundles src/ into dist/: the program as one script with V8's code cache, because starting is most of what a short command does. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** What a licence asks to stand beside the code of a package. */
const notice = (name) => `/*! ${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n*/`;

const settings = {
  outbase: "src",
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node20",
  external: ["#gpu.js", "hyparquet", "webgpu"],
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
  plugins: [lightYargs],
};

rmSync("dist", { recursive: true, force: true });

const { outputFiles } = await build({
  ...settings,
  entryPoints: ["src/cli.ts"],
  format: "cjs",
  define: { "import.meta.url": "ownUrl" },
  write: false,
});
// Node.js does not know what a script from a code cache may import: bin/lazarus.js imports for it.
const program = outputFiles[0].text.replaceAll(/\bimport\((?=["'])/g, "importOutside(");
mkdirSync("dist");
writeFileSync(
  "dist/cli.cjs",
  `(function(require,importOutside,ownUrl){const module={exports:{}};${program}return module.exports.main})`,
);

const modules = {
  ...settings,
  format: "esm",
  banner: {
    js: "import{createRequire as lazarusRequire}from'node:module';const require=lazarusRequire(import.meta.url);",
  },
};
await build({ ...modules, entryPoints: ["src/io/rehearsal/node.ts"] });
// The library runs in browsers, too: nothing of Node.js in it.
// What both entries use is in one file: an error of one is that of the other.
await build({
  ...settings,
  entryPoints: ["src/index.ts", "src/formats/index.ts"],
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  splitting: true,
  chunkNames: "shared",
  // The same parsers without Node.js' buffers.
  alias: { "csv-parse/sync": "csv-parse/browser/esm/sync", "csv-stringify/sync": "csv-stringify/browser/esm/sync" },
});
// gpu.js goes along: installed beside, it would fetch 115 MB of drivers, which only those who bench on a GPU need. It reads the
// source of some of its own functions, so nothing in it is shortened.
await build({
  entryPoints: ["gpu.js"],
  outfile: "dist/gpu.cjs",
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  external: ["gl"],
  keepNames: true,
  banner: { js: ["gpu.js", "acorn", "gpu-mock.js"].map(notice).join("\n") },
  logLevel: "warning",
});
// What programs for developers share stays in their folder, which is not published.
await build({
  ...modules,
  entryPoints: ["src/dev/*.ts"],
  outbase: "src/dev",
  outdir: "dist/dev",
  splitting: true,
  external: [...settings.external, "typescript"],
});

// The cache holds the functions that have run by now: those that a user's pipeline needs.
const { cache, compile, start } = (await import("./bin/lazarus.js")).default;
const script = compile();
const main = start(script);
const folder = mkdtempSync(join(tmpdir(), "lazarus-build-"));
const [profile, placement, mro, rest] = ["profile", "placement", "mro", "rest"].map((name) => join(folder, name));
for (const words of [
  ["profile-load", "fixtures/routing.csv", "--window", "last:5", "-o", profile],
  ["place", profile, "-n", "10", "-c", "6", "-o", placement],
  ["place", profile, "-n", "10", "-c", "6", "--placement", "mro", "-o", mro],
  ["dispatch-plan", placement, "--format", "csv", "-o", rest],
  ["recover", mro, "--failed", "node3", "--model", "gpt-l", "-o", rest],
  ["recover", placement, "--failed", "node3", "--model", "gpt-l", "-o", rest],
]) {
  if ((await main(words)) !== 0) throw new Error(`lazarus ${words.join(" ")} failed`);
}
rmSync(folder, { recursive: true });
writeFileSync(cache, script.createCachedData());
