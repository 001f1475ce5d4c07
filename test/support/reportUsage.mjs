/** Loaded before a program: at its end, writes the CPU time and the memory it took to the file that USAGE_FILE names. */
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(process.env.USAGE_FILE, JSON.stringify({ seconds: (userCPUTime + systemCPUTime) / 1e6, kib: maxRSS }));
});
