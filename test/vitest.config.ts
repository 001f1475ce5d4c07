import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: { setupFiles: ["test/setup.ts"], include: ["test/**/*.test.ts"], testTimeout: 120_000, maxWorkers: "100%" },
});
