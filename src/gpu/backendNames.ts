/** Names of the backends that run kernels. */

/** Backends in the order in which `auto` tries them; `js` is our own plain JavaScript and always works. */
export const backendNames = ["webgpu", "headlessgl", "webasm", "cpu", "js"] as const;
export type BackendName = (typeof backendNames)[number];
