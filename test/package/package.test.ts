import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("the package names every man page, and needs no script when it is installed", () => {
  const { man, scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(man).toEqual(readdirSync("man").map((file) => `man/${file}`));
  for (const name of ["preinstall", "install", "postinstall", "prepare"]) expect(Object.keys(scripts)).not.toContain(name);
});

test("the package can be packed, and holds the program, its library and its documents only", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const places = [...new Set(files.map(({ path }) => path.replace(/^(man|fixtures|dist\/types)\/.*/, "$1")))];
  expect(places.filter((place) => place !== "dist/types").sort()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bin/lazarus.js",
    "bin/package.json",
    "dist/cli.cache",
    "dist/cli.cjs",
    "dist/formats/index.js",
    "dist/gpu.cjs",
    "dist/index.js",
    "dist/io/rehearsal/node.js",
    "dist/shared.js",
    "fixtures",
    "man",
    "package.json",
  ]);
});

test("the library, bundled, runs where there is nothing but the language", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { makePlacement, planFigures, uniformCluster } from "./dist/index.js";
        import { parseCluster } from "./dist/formats/index.js";
        const policy = { placement: "resilient", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 };
        const placement = makePlacement(uniformCluster(4, 4), [{ layer: 0, loads: [412, 9, 77, 260] }], policy);
        globalThis.slots = parseCluster("name,slots\\na,4\\n", "nodes.csv", { slots: 1, gpus: 1 })[0].slots;
        globalThis.survives = planFigures(placement, policy).recovery.tolerates;`,
      resolveDir: ".",
    },
    bundle: true,
    format: "iife",
    platform: "browser",
    write: false,
  });
  const bare = createContext({});
  runInContext(outputFiles[0]!.text, bare);
  expect(bare["survives"]).toBe(3);
  expect(bare["slots"]).toBe(4);
});
