/** With `node --import` of this file, loading gpu.js or what it needs throws, imported or required. */
import Module, { register } from "node:module";

const refused = ["#gpu.js", "webgpu", "gl"];

const load = Module._load;
Module._load = (name, ...rest) => {
  if (refused.includes(name)) throw new Error("refused to load gpu.js");
  return load(name, ...rest);
};

const hooks = `export async function resolve(name, context, next) {
  if (${JSON.stringify(refused)}.includes(name)) throw new Error("refused to load gpu.js");
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
