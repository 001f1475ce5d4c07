/** Runs `lazarus profile-load` on a peer's file and compares the loads. */
import { compared, difference, type Outcome, type Workplace } from "./workplace.ts";

/** What the loads must be: of each layer, in order. */
export interface ExpectedLoads {
  /** Shape [layers][experts]. */
  readonly loads: readonly (readonly number[])[];
  /** Options of `profile-load`. */
  readonly options?: readonly string[];
  /** Part of a message with which the file may be refused, such as a layout that is not read. */
  readonly mayRefuse?: RegExp;
}

/** The outcome of reading a file; iterations are added up. */
export function readBack(
  work: Workplace,
  about: Pick<Outcome, "peer" | "version" | "case">,
  file: string,
  { loads, options = [], mayRefuse }: ExpectedLoads,
): Outcome {
  const { code, stdout, stderr } = work.lazarus("profile-load", file, "--method", "sum", "--format", "json", ...options);
  if (code === 2 && mayRefuse?.test(stderr))
    return { ...about, result: "refused", reason: stderr.replaceAll(work.folder, "...") };
  if (code !== 0) return compared(about, stderr.replaceAll(work.folder, "..."));
  const profile = JSON.parse(stdout) as { layers: { loads: number[] }[] };
  const found = profile.layers.map((layer) => layer.loads);
  return compared(about, difference(loads, found, "loads"), stderr.replaceAll(work.folder, "..."));
}
