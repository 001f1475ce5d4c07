/** Whether an adapter of this name is a processor that plays a GPU. */
export function isSoftwareAdapter(name: string): boolean {
  return /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(name);
}
