/** With `node --import` of this file, loading gpu.js or what it needs throws. */
import { register } from "node:module";

const hooks = `export async function resolve(name, context, next) {
  if (["gpu.js", "webgpu", "gl"].includes(name)) throw new Error("refused to load " + name);
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
