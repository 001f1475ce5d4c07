/** Plans acted out on this machine. */
import { fileURLToPath } from "node:url";
import type { Rehearsal } from "../core/reconfigure/rehearsal.ts";
import type { RehearsalReport } from "../io/rehearsal/rehearse.ts";
import { announce } from "./announce.ts";
import { startProgress } from "./progress.ts";
import { warn } from "./warn.ts";

/** After how long a rehearsal is given up, at least. */
const REHEARSAL_SECONDS = 120;

/**
 * Rehearses in processes that run the file which the build puts beside the commands, with experts that this machine has memory and, unless
 * somebody says how large they are, time for.
 * @throws UsageError, IoError
 */
export async function actOut(rehearsal: Rehearsal, wanted: number | undefined): Promise<RehearsalReport> {
  const nodeProgram = [fileURLToPath(new URL("./io/rehearsal/node.js", import.meta.url))];
  const [{ rehearse }, { fitRehearsal, thisMachine }] = await Promise.all([
    import("../io/rehearsal/rehearse.ts"),
    import("../io/rehearsal/fit.ts"),
  ]);
  const { bytes, seconds, because } = fitRehearsal(rehearsal, thisMachine(), wanted);
  if (because !== undefined)
    warn(
      `rehearsing with ${bytes} bytes an expert${wanted === undefined ? "" : ` instead of ${wanted}`}, which this machine has ${because} for; it takes about ${Math.ceil(seconds)} s`,
    );
  else announce("rehearsing", seconds, wanted === undefined ? "" : "; fewer --rehearse-bytes take less");
  const progress = await startProgress("rehearsing", undefined, (count) => `${count} replicas`);
  const timeoutSeconds = Math.max(REHEARSAL_SECONDS, 3 * seconds);
  return rehearse(rehearsal, { bytes, timeoutSeconds, nodeProgram, watch: progress.update }).finally(progress.stop);
}
