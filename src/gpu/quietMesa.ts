/** What keeps Mesa's own words away from the terminal, where the user has not said otherwise. */
const QUIET = {
  EGL_LOG_LEVEL: "fatal",
  LIBGL_DEBUG: "quiet",
  MESA_DEBUG: "silent",
  MESA_LOG_FILE: "/dev/null",
  MESA_VK_IGNORE_CONFORMANCE_WARNING: "true",
} as const;

/** Has effect on what is loaded afterwards, in this process and its children. */
export function quietMesa(): void {
  for (const [name, value] of Object.entries(QUIET)) process.env[name] ??= value;
}
