#!/usr/bin/env node
// The build leaves V8's code cache beside the program: starting then compiles nothing. Another version of Node.js refuses the
// cache, and compiles.
const { existsSync, readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");

const filename = require.resolve("../dist/cli.cjs");
const cache = filename.replace(/cjs$/, "cache");

// Node.js 20 optimises so early that a search of a tenth of a second spends as much on that as on searching; its successors have a
// quicker compiler in between. Twice the usual budget costs long searches nothing.
if (process.version.startsWith("v20.")) setFlagsFromString("--interrupt-budget=270000");

/** The program, not yet run. */
function compile() {
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  // Traces name the program, not the folder in which the cache was made.
  return new Script(readFileSync(filename, "utf8"), { filename: "lazarus.cjs", cachedData });
}

/** Its main function. */
function start(script) {
  return script.runInThisContext()(require, (name) => import(name), pathToFileURL(filename));
}

module.exports = { cache, compile, start };
if (require.main === module) start(compile())(process.argv.slice(2)).then((code) => process.exit(code));
